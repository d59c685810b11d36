// What the launcher finds around it: networks, users, file systems, odd environments.

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/providertest"
)

func TestAProviderThatIsNotThereYetIsWaitedFor(t *testing.T) {
	c := newContainer(t)
	// A socket that is bound but does not listen refuses connections, and nobody else gets its port.
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	c.must(err)
	c.must(syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	bound, err := syscall.Getsockname(socket)
	c.must(err)
	p := startProvider(t, values(t, "k", canary))
	address := fmt.Sprintf("https://127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	command := c.command(append(p.settings("A=piggy:k"), "PIGGY_ADDRESS="+address, "PIGGY_DEBUG=true"), launcherPath, "--", "application")
	command.Stderr = nil
	said, err := command.StderrPipe()
	c.must(err)
	c.start(command)
	lines := bufio.NewScanner(io.TeeReader(said, &c.stderr))
	for !strings.Contains(lines.Text(), "connection refused") {
		if !lines.Scan() {
			t.Fatalf("it has not tried: %s", c.stderr.String())
		}
	}
	c.must(syscall.Listen(socket, 10))
	file := os.NewFile(uintptr(socket), "socket")
	listener, err := net.FileListener(file)
	c.must(err)
	file.Close()
	server := httptest.NewUnstartedServer(values(t, "k", canary))
	server.Listener.Close()
	server.Listener, server.TLS = listener, p.authority.Serving(t, "127.0.0.1")
	server.StartTLS()
	t.Cleanup(server.Close)
	for lines.Scan() {
	}
	if code := c.finish(command); code != 0 {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A=" + canary)
}

func TestAServerThatAcceptsAndNeverAnswersDoesNotHangTheStart(t *testing.T) {
	c := newContainer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	c.must(err)
	t.Cleanup(func() { listener.Close() })
	p := startProvider(t, values(t))
	code := c.launch(append(p.settings("A=piggy:k"), "PIGGY_ADDRESS=https://"+listener.Addr().String(), "PIGGY_NUMBER_OF_RETRY=0"), "application")
	c.expectFailure(code, 125, "connect: ", "deadline exceeded")
}

func TestOnlyTheCAOfTheEnvironmentIsTrusted(t *testing.T) {
	t.Run("another one is refused at once", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t, "k", canary))
		code := c.launch(append(p.settings("A=piggy:k"), "PIGGY_CA="+providertest.NewAuthority(t).PEM), "application")
		c.expectFailure(code, 125, "certificate signed by unknown authority", "PIGGY_CA")
		if len(p.asked()) != 0 {
			t.Error("the token was sent")
		}
	})
	t.Run("one that the image trusts does not count", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t, "k", canary))
		c.write("/etc/ssl/certs/ca-certificates.crt", p.authority.PEM, 0o644)
		environment := append(p.settings("A=piggy:k", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"), "PIGGY_CA="+providertest.NewAuthority(t).PEM)
		c.expectFailure(c.launch(environment, "application"), 125, "unknown authority")
	})
	t.Run("unless verification is switched off", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t, "k", canary))
		if code := c.launch(append(p.settings("A=piggy:k"), "PIGGY_CA=", "PIGGY_SKIP_VERIFY_TLS=true"), "application"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
		c.expectEnvironment("A=" + canary)
	})
}

func TestACertificateOfAnotherTimePointsAtTheClock(t *testing.T) {
	cases := map[string]struct {
		from, to time.Duration
		expected string
	}{
		"one that is not valid yet": {time.Hour, 2 * time.Hour, "; this node's clock is likely behind: correct it"},
		"one that has expired":      {-2 * time.Hour, -time.Hour, "; the certificate was not renewed, or this node's clock is ahead"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			p := startProviderWith(t, func(authority providertest.Authority) *tls.Config {
				return authority.ServingBetween(t, time.Now().Add(c.from), time.Now().Add(c.to), "127.0.0.1")
			}, values(t, "k", canary))
			in.expectFailure(in.launch(p.settings("A=piggy:k"), "application"), 125, "certificate has expired or is not yet valid", c.expected)
			if len(p.asked()) != 0 {
				t.Error("the token was sent")
			}
		})
	}
}

func TestNamesAreResolvedAndVerified(t *testing.T) {
	at := func(p *provider, name string) string {
		return "PIGGY_ADDRESS=" + strings.Replace(p.address, "127.0.0.1", name, 1)
	}
	t.Run("a name of the certificate", func(t *testing.T) {
		c := newContainer(t)
		c.write("/etc/hosts", "127.0.0.1 provider.test\n", 0o644)
		p := startProvider(t, values(t, "k", canary))
		if code := c.launch(append(p.settings("A=piggy:k"), at(p, "provider.test")), "application"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
	})
	t.Run("another name", func(t *testing.T) {
		c := newContainer(t)
		c.write("/etc/hosts", "127.0.0.1 other.test\n", 0o644)
		p := startProvider(t, values(t, "k", canary))
		c.expectFailure(c.launch(append(p.settings("A=piggy:k"), at(p, "other.test")), "application"), 125, "certificate is valid for provider.test, not other.test")
	})
	for network, text := range map[string]string{"tcp": "dial tcp 127.1.2.3:53", "udp": "127.1.2.3:53"} {
		t.Run("by the network "+network, func(t *testing.T) {
			c := newContainer(t)
			c.write("/etc/resolv.conf", "nameserver 127.1.2.3\n", 0o644)
			p := startProvider(t, values(t, "k", canary))
			environment := append(p.settings("A=piggy:k"), at(p, "provider.test"), "PIGGY_DNS_RESOLVER="+network, "PIGGY_NUMBER_OF_RETRY=0")
			c.expectFailure(c.launch(environment, "application"), 125, "lookup provider.test", text)
		})
	}
}

func TestTheProxyOfTheEnvironmentIsTheApplications(t *testing.T) {
	c := newContainer(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the proxy got %s %s", r.Method, r.Host) }))
	t.Cleanup(proxy.Close)
	p := startProvider(t, values(t, "k", canary))
	variables := []string{"HTTPS_PROXY=" + proxy.URL, "https_proxy=" + proxy.URL, "ALL_PROXY=" + proxy.URL}
	if code := c.launch(p.settings(append(variables, "A=piggy:k")...), "application"); code != 0 {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(variables, "A="+canary)...)
}

// exec.Command tidies an environment up, so this one goes to the kernel as it is.
func TestOddEnvironments(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	environment := append(p.settings(), "A=piggy:k", "ODD", "A=second", "=nameless", "", "\xff=\xfe", "B C\n=1", "piggy:k", "PIGGY_UID=second", "PATH=/bin")
	read, write, err := os.Pipe()
	c.must(err)
	defer read.Close()
	process, err := os.StartProcess(launcherPath, []string{launcherPath, "--", "application"}, &os.ProcAttr{
		Dir: "/", Env: environment, Files: []*os.File{read, write, os.Stderr}, Sys: c.attributes(),
	})
	write.Close()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("needs root or a user namespace: %v", err)
	}
	c.must(err)
	io.Copy(&c.stdout, read)
	status, err := process.Wait()
	c.must(err)
	if !status.Success() {
		t.Errorf("ended by %s", status)
	}
	expected := []string{"A=" + canary, "ODD", "=nameless", "\ufffd=\ufffd", "B C\n=1", "piggy:k", "PATH=/bin"}
	got := slices.DeleteFunc(c.facts().Environment, func(entry string) bool { return entry == "" })
	if !slices.Equal(got, expected) {
		t.Errorf("the environment is %q, expected %q", got, expected)
	}
}

func TestAnyUserMayLaunch(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	t.Run("a user without a name", func(t *testing.T) {
		c := newContainer(t)
		p := startProvider(t, values(t, "k", canary))
		command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application")
		command.SysProcAttr.Credential = &syscall.Credential{Uid: containerUser, Gid: containerUser}
		c.start(command)
		if code := c.finish(command); code != 0 || c.facts().UID != containerUser {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
	})
	t.Run("a user who may not run the command", func(t *testing.T) {
		c := newContainer(t)
		c.must(os.Remove(c.root + "/bin/application"))
		c.write("/bin/application", "#!/bin/sh", 0o700)
		command := c.command(nil, launcherPath, "--", "application")
		command.SysProcAttr.Credential = &syscall.Credential{Uid: containerUser, Gid: containerUser}
		c.start(command)
		c.expectFailure(c.finish(command), 126, "permission denied")
	})
	t.Run("a user who may not read the token", func(t *testing.T) {
		c := newContainer(t)
		c.must(os.Chmod(c.root+tokenFile, 0o600))
		p := startProvider(t, values(t))
		command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application")
		command.SysProcAttr.Credential = &syscall.Credential{Uid: containerUser, Gid: containerUser}
		c.start(command)
		c.expectFailure(c.finish(command), 125, "open "+tokenFile+": permission denied")
	})
}

func TestTheRootFileSystemMayBeReadOnly(t *testing.T) {
	c := newContainer(t)
	for _, tool := range []string{"sh", "mount", "chroot"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s, to mount a root file system read-only: %v", tool, err)
		}
	}
	p := startProvider(t, values(t, "k", canary))
	script := `mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" &&
		if (: >"$0/probe") 2>/dev/null; then exit 99; fi; PATH=/bin; exec "$CHROOT" "$0" "$@"`
	chroot, err := exec.LookPath("chroot")
	c.must(err)
	command := exec.Command("sh", "-c", script, c.root, launcherPath, "--", "application")
	command.Env = append(p.settings("A=piggy:k"), "CHROOT="+chroot, "PATH="+os.Getenv("PATH"))
	command.Stdout, command.Stderr = &c.stdout, &c.stderr
	command.SysProcAttr = c.attributes()
	command.SysProcAttr.Chroot = ""
	command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNS
	c.start(command)
	code := c.finish(command)
	if c.stdout.Len() == 0 && strings.Contains(c.stderr.String(), "mount") {
		t.Skipf("no mount is allowed here: %s", c.stderr.String())
	}
	if code != 0 || !slices.Contains(c.facts().Environment, "A="+canary) {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
}

// In the image, which is read-only, the standalone program has a folder of its own.
func TestTheLauncherInstallsTheOneThatThePodNeeds(t *testing.T) {
	cases := map[string]struct {
		program   string
		arguments []string
		installed string
	}{
		"itself":                        {"/piggy-env", []string{"install"}, built.launcher},
		"the standalone one":            {"/piggy-env", []string{"install", "--standalone"}, built.standalone},
		"the standalone one, by itself": {"/standalone/piggy-env", []string{"install"}, built.standalone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			in.link(built.launcher, "/piggy-env")
			in.link(built.standalone, "/standalone/piggy-env")
			in.must(os.Remove(in.root + launcherPath))
			in.must(os.Chmod(in.root+"/piggy", 0o777))
			for range 2 {
				command := in.command(nil, append([]string{in.root + c.program}, append(c.arguments, in.root+"/piggy")...)...)
				in.install(command)
				if code := in.finish(command); code != 0 || in.stderr.Len()+in.stdout.Len() > 0 {
					t.Fatalf("exit code %d: %s", code, in.stderr.String())
				}
			}
			expectSameFile(t, in.root+launcherPath, c.installed)
			if code := in.launch(nil, "application", "exit", "3"); code != 3 {
				t.Errorf("the copy ends with %d: %s", code, in.stderr.String())
			}
		})
	}
}

// install starts a program that copies itself, as the user of the image. It finds itself by /proc, which
// containers have and root file systems of tests have not.
func (c *container) install(command *exec.Cmd) {
	c.t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: containerUser, Gid: containerUser}
	}
	c.start(command)
}

func expectSameFile(t *testing.T, copied, original string) {
	t.Helper()
	expected, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(copied); err != nil || !bytes.Equal(content, expected) {
		t.Errorf("the copy differs: %d bytes, %v", len(content), err)
	}
	if status, err := os.Stat(copied); err != nil || status.Mode() != 0o555 {
		t.Errorf("mode is %v, %v", status.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(copied)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestAnInstallThatFailsSaysWhy(t *testing.T) {
	for name, c := range map[string]struct{ option, folder, text string }{
		"a folder that is not there":          {"", "/nowhere", "no such file or directory"},
		"a folder that nobody may write to":   {"", "/", "permission denied"},
		"an image without the standalone one": {"--standalone", "/piggy", "/piggy/standalone/piggy-env: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			in.must(os.Chmod(in.root, 0o555))
			arguments := slices.DeleteFunc([]string{"install", c.option, in.root + c.folder}, func(text string) bool { return text == "" })
			command := in.command(nil, append([]string{in.root + launcherPath}, arguments...)...)
			in.install(command)
			code := in.finish(command)
			if code != 125 || !strings.HasPrefix(in.stderr.String(), "piggy-env: ") || !strings.Contains(in.stderr.String(), c.text) {
				t.Errorf("exit code %d: %s", code, in.stderr.String())
			}
		})
	}
}

func TestTheLauncherIsSmallInMemory(t *testing.T) {
	c := newContainer(t)
	secret := strings.Repeat("x", 60_000)
	p := startProvider(t, answer(503, ""), values(t, "k", secret, "l", secret))
	code := c.run(p.settings("A=piggy:k", "B=piggy:l"), "/bin/application", "measure", launcherPath, "--", "/bin/application", "exit", "0")
	kib, err := strconv.Atoi(strings.TrimSpace(c.stdout.String()))
	if code != 0 || err != nil || len(p.asked()) != 2 {
		t.Fatalf("exit code %d, %v: %s", code, err, c.stderr.String())
	}
	t.Logf("%d KiB", kib)
	if kib == 0 || kib*1024 >= 10_000_000 {
		t.Errorf("%d KiB", kib)
	}
}
