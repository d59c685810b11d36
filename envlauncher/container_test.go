// What the tests of this folder run the real binary in: a root file system like an image FROM scratch, with the
// launcher, an application, and what the kubelet mounts.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"piggysec.com/envlauncher/internal/expansion"
)

const (
	canary        = "canary-7f3a"
	launcherPath  = "/piggy/piggy-env"
	tokenFile     = "/var/run/secrets/piggysec.com/token"
	containerUser = 65532
)

// built holds the programs, built once by TestMain.
var built struct{ launcher, standalone, application string }

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "piggy-env-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(folder)
		built.launcher = filepath.Join(folder, "piggy-env")
		built.standalone = filepath.Join(folder, "standalone", "piggy-env")
		built.application = filepath.Join(folder, "application")
		sources := map[string]string{built.launcher: ".", built.standalone: "./standalone", built.application: "./testdata/application"}
		for program, source := range sources {
			if err := build(program, source); err != nil {
				log.Print(err)
				return 1
			}
		}
		return m.Run()
	}())
}

// build builds as a release is built.
func build(program, source string, environment ...string) error {
	command := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags", "-s -w", "-o", program, source)
	command.Env = append(append(os.Environ(), "CGO_ENABLED=0"), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, output)
	}
	return nil
}

// readSources opens what the programs are built from: go test remembers results by what a test has opened itself,
// and would take the one of an older program for that of a changed one.
var readSources = sync.OnceValue(func() error {
	return filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err == nil && slices.Contains([]string{".go", ".mod", ".sum"}, filepath.Ext(path)) {
			_, err = os.ReadFile(path)
		}
		return err
	})
})

// container is a root file system and what runs in it.
type container struct {
	t      *testing.T
	root   string
	stdin  string
	stdout bytes.Buffer
	stderr bytes.Buffer
}

func newContainer(t *testing.T) *container {
	t.Helper()
	t.Parallel()
	return newContainerBeside(&container{t: t})
}

// newContainerBeside returns another one in the same test.
func newContainerBeside(other *container) *container {
	t := other.t
	t.Helper()
	c := &container{t: t, root: t.TempDir()}
	c.must(readSources())
	// TempDir is closed to other users, and some tests run the launcher as one.
	for folder := c.root; folder != filepath.Clean(os.TempDir()); folder = filepath.Dir(folder) {
		c.must(os.Chmod(folder, 0o755))
	}
	c.link(built.launcher, launcherPath)
	c.link(built.application, "/bin/application")
	c.write(tokenFile, "token-1", 0o644)
	c.write("/dev/termination-log", "", 0o666)
	c.must(os.Chmod(filepath.Join(c.root, "/dev/termination-log"), 0o666)) // whatever the mask is
	return c
}

func (c *container) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *container) link(program, path string) {
	c.t.Helper()
	c.must(os.MkdirAll(filepath.Dir(c.root+path), 0o755))
	c.must(os.Link(program, c.root+path))
}

func (c *container) write(path, text string, mode os.FileMode) {
	c.t.Helper()
	c.must(os.MkdirAll(filepath.Dir(c.root+path), 0o755))
	c.must(os.WriteFile(c.root+path, []byte(text), mode))
}

func (c *container) terminationLog() string {
	c.t.Helper()
	text, err := os.ReadFile(c.root + "/dev/termination-log")
	c.must(err)
	return string(text)
}

// files are all names in the container.
func (c *container) files() (names []string) {
	c.t.Helper()
	c.must(filepath.WalkDir(c.root, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

// command is a program in the container, for start.
func (c *container) command(environment []string, argv ...string) *exec.Cmd {
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(environment, "PATH=/bin")
	command.Dir = "/"
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(c.stdin), &c.stdout, &c.stderr
	command.SysProcAttr = c.attributes()
	return command
}

func (c *container) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Chroot: c.root}
	if os.Getuid() != 0 {
		attributes.Cloneflags = syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attributes
}

func (c *container) start(command *exec.Cmd) {
	c.t.Helper()
	err := command.Start()
	if errors.Is(err, syscall.EPERM) {
		c.t.Skipf("needs root or a user namespace, to start a program in a root file system of its own: %v", err)
	}
	c.must(err)
	c.t.Cleanup(func() { command.Process.Kill() })
}

// finish waits for the end and returns the exit code. No test may find a secret value where none belongs.
func (c *container) finish(command *exec.Cmd) int {
	c.t.Helper()
	var exited *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exited) {
		c.t.Fatal(err)
	}
	if strings.Contains(c.stderr.String(), canary) || strings.Contains(c.terminationLog(), canary) {
		c.t.Errorf("a value came out: %s; %s", c.stderr.String(), c.terminationLog())
	}
	return command.ProcessState.ExitCode()
}

func (c *container) run(environment []string, argv ...string) int {
	c.t.Helper()
	command := c.command(environment, argv...)
	c.start(command)
	return c.finish(command)
}

// launch runs a command through the launcher.
func (c *container) launch(environment []string, argv ...string) int {
	c.t.Helper()
	return c.run(append(places(environment, argv), environment...), append([]string{launcherPath, "--"}, argv...)...)
}

// places are what the kubelet makes of the variables that admission writes for argv: the value for each $(NAME), marked.
func places(environment, argv []string) []string {
	written := []string{"PIGGY_MARK=m"}
	for _, argument := range argv {
		var places strings.Builder
		expansion.Text(argument, func(name string) (string, bool) {
			value := "$(" + name + ")"
			for _, variable := range environment {
				if text, isIt := strings.CutPrefix(variable, name+"="); isIt && !strings.HasPrefix(name, "PIGGY_") {
					value = text
				}
			}
			places.WriteString("<m>" + value + "</m>")
			return "", false
		})
		if places.Len() > 0 {
			written = append(written, fmt.Sprintf("PIGGY_EXPAND_%d=%s", len(written)-1, places.String()))
		}
	}
	return written
}

// facts are what the application tells of itself, see testdata/application.
type facts struct {
	PID, UID    int
	Argv        []string
	Environment []string
	Folder      string
	OpenFiles   []int
}

func (c *container) facts() facts {
	c.t.Helper()
	var told facts
	if err := json.Unmarshal(c.stdout.Bytes(), &told); err != nil {
		c.t.Fatalf("the application did not start: %v; %s", err, c.stderr.String())
	}
	return told
}

func (c *container) expectEnvironment(expected ...string) {
	c.t.Helper()
	got := c.facts().Environment
	expected = append(slices.Clone(expected), "PATH=/bin")
	slices.Sort(got)
	slices.Sort(expected)
	if !slices.Equal(got, expected) {
		c.t.Errorf("the environment is %q, expected %q", got, expected)
	}
}

// expectFailure checks a failure of the launcher: its code, and one line that holds these texts, in both places.
func (c *container) expectFailure(got, code int, texts ...string) {
	c.t.Helper()
	if got != code {
		c.t.Errorf("exit code %d, expected %d", got, code)
	}
	line := c.stderr.String()
	if c.terminationLog()+"\n" != line || strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "piggy-env: ") {
		c.t.Errorf("stderr has %q, the termination log %q", line, c.terminationLog())
	}
	for _, text := range texts {
		if !strings.Contains(line, text) {
			c.t.Errorf("%q is not in %q", text, line)
		}
	}
	if c.stdout.Len() > 0 {
		c.t.Errorf("stdout has %q", c.stdout.String())
	}
}
