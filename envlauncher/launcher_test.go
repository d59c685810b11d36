package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/signature"
)

func TestValuesTakeThePlaceOfReferences(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "password", canary, "db.port", "5432", "empty", "", "odd", "piggy:password $(PORT) $$"))
	environment := p.settings("DB_PASSWORD=piggy:password", "PORT=piggy:db.port", "AGAIN=piggy:password", "EMPTY=piggy:empty",
		"ODD=piggy:odd", "DSN=pg://app:<m>piggy:password</m>@db:<m>piggy:db.port</m>/<m/>(x)", "PLAIN=$(PORT)", "PIGGY_BANK=mine")
	code := c.launch(environment, "application", "--dsn=$(DSN)", "$(ODD)", "$$(PORT) $(NOBODY) $(PIGGY_UID)", "ü")
	if code != 0 || c.stderr.String() != "" || c.terminationLog() != "" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
	dsn := "pg://app:" + canary + "@db:5432/$(x)"
	c.expectEnvironment("DB_PASSWORD="+canary, "PORT=5432", "AGAIN="+canary, "EMPTY=", "ODD=piggy:password $(PORT) $$",
		"DSN="+dsn, "PLAIN=$(PORT)", "PIGGY_BANK=mine")
	argv := []string{"application", "--dsn=" + dsn, "piggy:password $(PORT) $$", "$(PORT) $(NOBODY) $(PIGGY_UID)", "ü"}
	if got := c.facts().Argv; !slices.Equal(got, argv) {
		t.Errorf("argv is %q", got)
	}
	asked := p.asked()
	if len(asked) != 1 {
		t.Fatalf("%d requests", len(asked))
	}
	signed := signature.Of([]string{"application", "--dsn=$(DSN)", "$(ODD)", "$$(PORT) $(NOBODY) $(PIGGY_UID)", "ü"})
	if asked[0].UID != "uid-1" || asked[0].Signature != signed || asked[0].Token != "Bearer token-1" ||
		!slices.Equal(asked[0].References, references{"db.port", "empty", "odd", "password"}) {
		t.Errorf("asked %+v", asked[0])
	}
}

func TestWithoutAReferenceNothingIsAsked(t *testing.T) {
	t.Run("in an injected container", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t))
		if code := c.launch(p.settings("A=1", "B=x piggy:k", "PIGGY_BANK=mine"), "application", "$(A)"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
		c.expectEnvironment("A=1", "B=x piggy:k", "PIGGY_BANK=mine")
		if got := c.facts().Argv[1]; got != "1" {
			t.Errorf("argument is %s", got)
		}
		if len(p.asked()) != 0 {
			t.Error("the provider was asked")
		}
	})
	t.Run("in any other", func(t *testing.T) {
		c := newContainer(t)
		if code := c.launch([]string{"A=1"}, "/bin/application"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
		c.expectEnvironment("A=1")
	})
}

func TestTheLauncherLeavesNoTraceInTheApplication(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(503, ""), values(t, "k", canary))
	files := c.files()
	command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application")
	c.start(command)
	c.finish(command)
	if left := c.files(); !slices.Equal(left, files) {
		t.Errorf("there are %q, before there were %q", left, files)
	}
	// Files may be open that the runner of the tests left to all its children.
	direct := newContainerBeside(c)
	direct.run([]string{"A=" + canary}, "/bin/application")
	told, expected := c.facts(), direct.facts()
	if told.PID != command.Process.Pid {
		t.Errorf("the application is process %d, the launcher was %d", told.PID, command.Process.Pid)
	}
	if told.Folder != "/" || !slices.Equal(told.OpenFiles, expected.OpenFiles) || !slices.Equal(told.Environment, expected.Environment) {
		t.Errorf("the application sees %+v, started directly it sees %+v", told, expected)
	}
}

func TestTheApplicationsExitCodePasses(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	if code := c.launch(p.settings("A=piggy:k"), "application", "exit", "42"); code != 42 || c.stderr.String() != "" || c.terminationLog() != "" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
}

func TestStandardInputPasses(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	c.stdin = strings.Repeat("line\n", 100_000)
	if code := c.launch(p.settings("A=piggy:k"), "application", "echo"); code != 0 || c.stdout.String() != c.stdin {
		t.Errorf("exit code %d, %d bytes came through", code, c.stdout.Len())
	}
}

func TestSignalsReachTheApplication(t *testing.T) {
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1} {
		t.Run(sent.String(), func(t *testing.T) {
			c := newContainer(t)
			p := startProvider(t, values(t, "k", canary))
			command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application", "wait")
			command.Stdout = nil
			output, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			c.start(command)
			lines := bufio.NewReader(output)
			lines.ReadString('\n')
			command.Process.Signal(sent)
			said, _ := io.ReadAll(lines)
			if code := c.finish(command); code != 7 || string(said) != "got "+sent.String()+"\n" {
				t.Errorf("exit code %d, it said %q", code, said)
			}
		})
	}
}

func TestASignalEndsTheLauncherWhileItWaits(t *testing.T) {
	c := newContainer(t)
	asked := make(chan struct{})
	p := startProvider(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application")
	c.start(command)
	<-asked
	command.Process.Signal(syscall.SIGTERM)
	c.finish(command)
	if status := command.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v", command.ProcessState)
	}
}

func TestTheLauncherRefusesToStartTheApplication(t *testing.T) {
	const ok, none = 1, 0 // requests
	cases := map[string]struct {
		settings []string
		answer   http.HandlerFunc
		requests int
		texts    []string
	}{
		"a denial": {nil, answer(403, `{"code":"pod_gone","message":"it is being deleted"}`), ok,
			[]string{"403 pod_gone: it is being deleted", "/v1/secret"}},
		"a token that is refused":  {nil, answer(401, `{"code":"invalid_token","message":"expired"}`), ok, []string{"401 invalid_token: expired"}},
		"a conflict":               {nil, answer(409, `{"code":"ambiguous_parameter","message":"two"}`), ok, []string{"ambiguous_parameter"}},
		"a redirect":               {nil, answer(307, canary, "Location: https://127.0.0.1:1/"), ok, []string{"307", "redirect"}},
		"garbage":                  {nil, answer(200, `{"values":{"k":"`+canary), ok, []string{"not the answer of a piggy provider"}},
		"a null for a value":       {nil, answer(200, `{"values":{"k":null,"x":"`+canary+`"}}`), ok, []string{"not the answer", "piggy:k"}},
		"another kind of answer":   {nil, answer(200, `{"status":"`+canary+`"}`), ok, []string{"not the answer"}},
		"an answer without end":    {nil, answer(200, strings.Repeat(canary, 1<<20)), ok, []string{"over 8 MiB"}},
		"tries that are used up":   {[]string{"PIGGY_NUMBER_OF_RETRY=1"}, answer(502, `{"code":"aws_unavailable","message":"down"}`), 2, []string{"502 aws_unavailable: down (tries: 2)"}},
		"a wait that does not fit": {nil, answer(429, `{"code":"rate_limited","message":"later"}`, "Retry-After: 3600"), ok, []string{"429 rate_limited", "1m0s"}},
		"a NUL byte in a value":    {nil, values(t, "k", canary+"\x00"), ok, []string{"A (piggy:k)", "NUL"}},
		"a value that is too long": {nil, values(t, "k", strings.Repeat(canary, 4*os.Getpagesize())), ok, []string{"variable A"}},
		"a key that is missing": {[]string{"B=piggy:missing", "C=piggy:missing"}, values(t, "k", canary), ok,
			[]string{"B (piggy:missing), C (piggy:missing)", "piggy-ignore-no-env"}},
		"a key that is missing without a word": {[]string{"B=piggy:other", "PIGGY_IGNORE_NO_ENV=true"}, values(t, "k", canary), ok, []string{"piggy:other"}},
		"a denial although keys may be missing": {[]string{"PIGGY_IGNORE_NO_ENV=true"}, answer(403, `{"code":"access_denied","message":"no"}`), ok,
			[]string{"403 access_denied"}},
		"an empty reference":       {[]string{"B=piggy:"}, values(t), none, []string{"B (piggy:)"}},
		"standalone":               {[]string{"PIGGY_STANDALONE=true"}, values(t), none, []string{"PIGGY_STANDALONE is true", "piggy-env-image"}},
		"no CA":                    {[]string{"PIGGY_CA="}, values(t), none, []string{"PIGGY_CA is empty"}},
		"a CA that is none":        {[]string{"PIGGY_CA=x"}, values(t), none, []string{"PIGGY_CA holds no certificate"}},
		"no uid":                   {[]string{"PIGGY_UID="}, values(t), none, []string{"PIGGY_UID is empty"}},
		"an address without TLS":   {[]string{"PIGGY_ADDRESS=http://127.0.0.1:1"}, values(t), none, []string{`PIGGY_ADDRESS is "http://127.0.0.1:1"`}},
		"a boolean that is none":   {[]string{"PIGGY_IGNORE_NO_ENV=yes"}, values(t), none, []string{`PIGGY_IGNORE_NO_ENV is "yes"`}},
		"a duration that is none":  {[]string{"PIGGY_INITIAL_DELAY=5"}, values(t), none, []string{`PIGGY_INITIAL_DELAY is "5"`}},
		"a number that is none":    {[]string{"PIGGY_NUMBER_OF_RETRY=-1"}, values(t), none, []string{`PIGGY_NUMBER_OF_RETRY is "-1"`}},
		"a key made of a secret":   {[]string{"B=piggy:<m>piggy:k</m>_KEY"}, values(t), none, []string{"variable B begins with piggy: and holds the value of another reference"}},
		"a reference that goes on": {[]string{"B=piggy:k\nmore"}, values(t), none, []string{`variable B ("piggy:k\nmore") goes on after a line break`}},
		"several that are none":    {[]string{"PIGGY_DEBUG=1", "PIGGY_DNS_RESOLVER=x"}, values(t), none, []string{"PIGGY_DEBUG", "PIGGY_DNS_RESOLVER", "; "}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			p := startProvider(t, c.answer)
			// exec.Command keeps the last of two entries with one name.
			code := in.launch(append(p.settings("A=piggy:k"), c.settings...), "application")
			in.expectFailure(code, 125, c.texts...)
			if got := len(p.asked()); got != c.requests {
				t.Errorf("%d requests, expected %d", got, c.requests)
			}
		})
	}
}

func TestPlacesOfAnotherCommandAreRefused(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	environment := append(p.settings("A=piggy:k"), "PIGGY_MARK=m", "PIGGY_EXPAND_0=<m>piggy:k</m>")
	c.expectFailure(c.run(environment, launcherPath, "--", "application", "$(A)$(A)"), 125, "PIGGY_EXPAND_0 does not belong to this command")
	if len(p.asked()) != 0 {
		t.Error("the provider was asked")
	}
}

func TestAContainerWithoutAMarkKeepsItsCommand(t *testing.T) {
	c := newContainer(t)
	if code := c.run([]string{"A=1"}, launcherPath, "--", "/bin/application", "$$ $(A) $(B)"); code != 0 || c.facts().Argv[1] != "$$ $(A) $(B)" {
		t.Errorf("exit code %d, argv %q", code, c.facts().Argv)
	}
}

func TestAVariableOfTheImageIsNotPutIn(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	// The kubelet knows nothing of FROM_IMAGE, so it left it as written.
	environment := append(p.settings("A=piggy:k", "FROM_IMAGE=x", "B=<m>$(FROM_IMAGE)</m><m>piggy:k</m>"),
		"PIGGY_MARK=m", "PIGGY_EXPAND_0=<m>$(FROM_IMAGE)</m><m>piggy:k</m>")
	if code := c.run(environment, launcherPath, "--", "application", "$(FROM_IMAGE) $(A)"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A="+canary, "FROM_IMAGE=x", "B=$(FROM_IMAGE)"+canary)
	if argv := c.facts().Argv; argv[1] != "$(FROM_IMAGE) "+canary {
		t.Errorf("argv is %q", argv)
	}
}

func TestWhatLooksLikeAReferenceWithinATextIsWarnedOf(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	code := c.launch(p.settings("A=piggy:k", "DSN=pg://app:piggy:k@db", "URL=http://piggy:8080"), "application")
	if code != 0 || c.stderr.String() != "piggy-env: warning: variable DSN holds piggy: within its text, where it is no reference: only a value that begins with it is\n" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
	c.expectEnvironment("A="+canary, "DSN=pg://app:piggy:k@db", "URL=http://piggy:8080")
}

func TestALineBreakAtTheEndOfAReferenceDoesNotCount(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	if code := c.launch(p.settings("A=piggy:k\n", "B=piggy:k\r\n", "C=x<m>piggy:k\n</m>"), "application"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A="+canary, "B="+canary, "C=x"+canary)
	if asked := p.asked(); len(asked) != 1 || !slices.Equal(asked[0].References, references{"k"}) {
		t.Errorf("asked %+v", asked)
	}
}

func TestAWindowThatStaysClosedIsToldSoon(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(403, `{"code":"launch_window_closed","message":"started 5m ago; restart the Pod"}`))
	c.expectFailure(c.launch(p.settings("A=piggy:k"), "application"), 125, "403 launch_window_closed: started 5m ago; restart the Pod")
	if asked := p.asked(); len(asked) < 2 || len(asked) > 20 {
		t.Errorf("%d requests", len(asked))
	}
}

func TestAClockThatIsWrongIsToldWhereItClosesTheWindow(t *testing.T) {
	const body = `{"code":"launch_window_closed","message":"container app started more than 120 s ago: restart the container"}`
	cases := map[string]struct {
		difference time.Duration // of the provider's clock
		expected   string
	}{
		"a node that is behind":     {5 * time.Minute, "120 s ago: restart the container; this node's clock is 5 minutes behind the provider's"},
		"a node that is ahead":      {-3 * time.Hour, "120 s ago: restart the container; this node's clock is 3 hours ahead of the provider's"},
		"clocks that nearly agree":  {10 * time.Second, "120 s ago: restart the container\n"},
		"clocks that agree exactly": {0, "120 s ago: restart the container\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			p := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
				date := time.Now().Add(c.difference).UTC().Format(http.TimeFormat)
				answer(403, body, "Date: "+date)(w, r)
			})
			in.expectFailure(in.launch(p.settings("A=piggy:k"), "application"), 125, c.expected)
		})
	}
	t.Run("and nowhere else", func(t *testing.T) {
		in := newContainer(t)
		p := startProvider(t, answer(403, `{"code":"access_denied","message":"no rule"}`, "Date: Sun, 22 Nov 2020 10:00:00 GMT"))
		code := in.launch(p.settings("A=piggy:k"), "application")
		in.expectFailure(code, 125, "no rule")
		if strings.Contains(in.stderr.String(), "clock") {
			t.Errorf("got %q", in.stderr.String())
		}
	})
}

func TestACommandThatDoesNotStart(t *testing.T) {
	cases := map[string]struct {
		command string
		code    int
		text    string
	}{
		"one that is nowhere in PATH":            {"unknown", 127, `command "unknown": not found`},
		"one that is not at its path":            {"/bin/unknown", 127, `command "/bin/unknown": not found`},
		"one without its interpreter":            {"/bin/script", 127, "interpreter"},
		"one that is not executable":             {"/bin/data", 126, `command "/bin/data": found, but not executable`},
		"one in PATH that is not executable":     {"data", 126, `command "data": found, but not executable`},
		"a folder":                               {"/bin", 126, "is a directory"},
		"one in a format that nobody knows":      {"/bin/text", 126, "exec format error"},
		"one that a value was expanded into":     {"/bin/$(A)", 127, `command "/bin/$(A)": not found`},
		"one that is all value":                  {"$(A)", 127, `command "$(A)": not found`},
		"an empty one":                           {"", 127, `command "": not found`},
		"one that gets too long by a value":      {"/bin/$(B)$(LONG)", 125, "element 0 of the command"},
		"one with a name longer than names can ": {"/" + strings.Repeat("x", 300), 127, "file name too long"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			in.write("/bin/data", "x", 0o644)
			in.write("/bin/text", "x", 0o755)
			in.write("/bin/script", "#!/bin/nowhere\n", 0o755)
			p := startProvider(t, values(t, "k", canary, "long", strings.Repeat(canary, 100)))
			long := "LONG=" + strings.Repeat("x", 32*os.Getpagesize()-150)
			in.expectFailure(in.launch(p.settings("A=piggy:k", "B=piggy:long", long), c.command), c.code, c.text)
		})
	}
}

func TestAnEnvironmentThatIsTooLongInAllIsNamed(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", strings.Repeat("x", 100_000)))
	var references []string
	for _, name := range strings.Split(strings.Repeat("x", 99), "") {
		references = append(references, "A"+strings.Repeat(name, len(references))+"=piggy:k")
	}
	c.expectFailure(c.launch(p.settings(references...), "application"), 125, "longer than the kernel takes")
}

func TestUsage(t *testing.T) {
	for name, arguments := range map[string][]string{
		"nothing": {}, "no command": {"--"}, "a command without --": {"application"}, "no folder": {"install"}, "no folder for the standalone one": {"install", "--standalone"},
		"two folders": {"install", "/a", "/b"}, "a flag": {"--help"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			c.expectFailure(c.run(nil, append([]string{launcherPath}, arguments...)...), 125, "usage: piggy-env")
		})
	}
}

func TestAKeyThatMayBeMissingLeavesItsVariableUnset(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	code := c.launch(append(p.settings("A=piggy:k", "B=piggy:missing"), "PIGGY_IGNORE_NO_ENV=true"), "application", "[$(B)]")
	if code != 0 || c.stderr.String() != "piggy-env: warning: variable B (piggy:missing) is left unset: the secret has no such key\n" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
	c.expectEnvironment("A=" + canary)
	if c.terminationLog() != "" || c.facts().Argv[1] != "[$(B)]" {
		t.Errorf("termination log %q, argv %q", c.terminationLog(), c.facts().Argv)
	}
}

func TestTheApplicationsAuthorIsToldWhyAKeyIsMissing(t *testing.T) {
	const hint = "it is plain text without keys: use piggy:. for all of it"
	body := `{"values":{"k":"` + canary + `"},"missing":["missing"],"hint":"` + hint + `"}`
	t.Run("as the last words of the launcher", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, answer(200, body))
		c.expectFailure(c.launch(p.settings("A=piggy:k", "B=piggy:missing"), "application"), 125,
			"the secret has no key for B (piggy:missing); "+hint+`; or set the annotation piggysec.com/piggy-ignore-no-env: "true" to start without`)
	})
	t.Run("in the warning", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, answer(200, body))
		code := c.launch(append(p.settings("A=piggy:k", "B=piggy:missing"), "PIGGY_IGNORE_NO_ENV=true"), "application")
		if code != 0 || c.stderr.String() != "piggy-env: warning: variable B (piggy:missing) is left unset: the secret has no such key; "+hint+"\n" {
			t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
		}
	})
	t.Run("unless the provider is an earlier one", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t, "k", canary))
		c.expectFailure(c.launch(p.settings("A=piggy:k", "B=piggy:missing"), "application"), 125,
			"the secret has no key for B (piggy:missing); add it there; or set the annotation")
	})
	t.Run("and nothing where no key is missing", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, answer(200, body))
		if code := c.launch(p.settings("A=piggy:k"), "application"); code != 0 || c.stderr.String() != "" {
			t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
		}
	})
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"a provider that is overloaded": answer(503, "<html>", "Retry-After: x"),
		"a timeout of the provider":     answer(504, `{"code":"deadline_exceeded","message":"x"}`),
		"too many requests":             answer(429, `{"code":"rate_limited","message":"x"}`),
		"a status that lags":            answer(409, `{"code":"container_not_running","message":"x"}`),
		"a restart not shown yet":       answer(403, `{"code":"launch_window_closed","message":"x"}`),
		"a connection that ends": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := w.(http.Hijacker).Hijack()
			connection.Close()
		},
		"an answer that is cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, canary)
		},
	}
	for name, failing := range cases {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			replaceToken := func(w http.ResponseWriter, r *http.Request) {
				c.write(tokenFile, "token-2\n", 0o644)
				failing(w, r)
			}
			p := startProvider(t, replaceToken, failing, values(t, "k", canary))
			if code := c.launch(p.settings("A=piggy:k"), "application"); code != 0 || c.stderr.String() != "" {
				t.Errorf("exit code %d: %s", code, c.stderr.String())
			}
			c.expectEnvironment("A=" + canary)
			asked := p.asked()
			if len(asked) != 3 || asked[0].Token != "Bearer token-1" || asked[1].Token != "Bearer token-2" || asked[0].Signature != asked[2].Signature {
				t.Errorf("asked %+v", asked)
			}
		})
	}
}

func TestRetryAfterAndTheInitialDelayAreWaitedFor(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(429, "", "Retry-After: 1"), values(t, "k", canary))
	began := time.Now()
	if code := c.launch(append(p.settings("A=piggy:k"), "PIGGY_INITIAL_DELAY=300ms"), "application"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	asked := p.asked()
	if delay := asked[0].At.Sub(began); delay < 300*time.Millisecond {
		t.Errorf("first request after %s", delay)
	}
	if pause := asked[1].At.Sub(asked[0].At); pause < time.Second {
		t.Errorf("second request after %s", pause)
	}
}

func TestTheTokenThatIsNotMountedIsNamed(t *testing.T) {
	c := newContainer(t)
	c.must(os.Remove(c.root + tokenFile))
	p := startProvider(t, values(t))
	c.expectFailure(c.launch(p.settings("A=piggy:k"), "application"), 125, "open "+tokenFile+": no such file or directory")
}

func TestTheTokenMayBeMountedElsewhere(t *testing.T) {
	c := newContainer(t)
	c.must(os.Remove(c.root + tokenFile))
	c.write("/elsewhere", "token-2", 0o644)
	p := startProvider(t, values(t, "k", canary))
	code := c.launch(append(p.settings("A=piggy:k"), "PIGGY_TOKEN_FILE=/elsewhere"), "application")
	if code != 0 || p.asked()[0].Token != "Bearer token-2" {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A=" + canary)
}

func TestDebugTellsNamesAndNeverValues(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(503, canary), values(t, "k", canary))
	if code := c.launch(append(p.settings("A=piggy:k", "B="+canary), "PIGGY_DEBUG=true"), "application", "$(A)"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	c.expectEnvironment("A="+canary, "B="+canary)
	for _, text := range []string{`["k"]`, p.address, "503 Service Unavailable", "1 of 1 keys", "token"} {
		if strings.Contains(c.stderr.String(), text) == (text == "token") {
			t.Errorf("%q: %s", text, c.stderr.String())
		}
	}
}

func TestThePathThatCountsIsTheApplications(t *testing.T) {
	c := newContainer(t)
	c.link(built.application, "/opt/special")
	p := startProvider(t, values(t, "path", "/nowhere:/opt"))
	command := c.command(nil, launcherPath, "--", "special")
	command.Env = p.settings("PATH=piggy:path")
	c.start(command)
	if code := c.finish(command); code != 0 || c.facts().Argv[0] != "special" {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
}
