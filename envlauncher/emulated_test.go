// The binaries for the other architecture, under an emulator. They run in no root file system of their own, and
// start an application of this machine: the emulator hands execve on to the kernel.

package main

import (
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// emulated returns the command line of a program for arm64.
func emulated(t *testing.T, source string) []string {
	t.Helper()
	if runtime.GOARCH == "arm64" {
		t.Skip("all other tests run on arm64 here")
	}
	for _, emulator := range []string{"qemu-aarch64-static", "qemu-aarch64"} {
		path, err := exec.LookPath(emulator)
		if err != nil {
			continue
		}
		program := filepath.Join(t.TempDir(), "piggy-env")
		if err := build(program, source, "GOOS=linux", "GOARCH=arm64"); err != nil {
			t.Fatal(err)
		}
		return []string{path, program}
	}
	t.Skip("needs qemu-aarch64-static, to run a program for arm64")
	return nil
}

func TestTheLauncherForARM64(t *testing.T) {
	program := emulated(t, ".")
	p := startProvider(t, answer(503, ""), values(t, "k", canary))
	c := newContainer(t)
	settings := append(p.settings("A=piggy:k", "DSN=pg://<m>piggy:k</m>@db"), "PIGGY_TOKEN_FILE="+c.root+tokenFile)
	settings = append(settings, places(settings, []string{"$(A)"})...)
	if code := c.runEmulated(append(program, "--", built.application, "$(A)"), settings); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A="+canary, "DSN=pg://"+canary+"@db")
	if argv := c.facts().Argv; argv[1] != canary || len(p.asked()) != 2 {
		t.Errorf("argv %q after %d requests", argv, len(p.asked()))
	}
}

func TestTheStandaloneLauncherForARM64(t *testing.T) {
	program := emulated(t, "./standalone")
	handler, _ := awsStandIn(t, answer(500, ""), secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := newContainer(t)
	own := ownKeys(server.URL)
	if code := c.runEmulated(append(program, "--", built.application), standaloneSettings("shop/api", append(own, "A=piggy:k")...)); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(own, "A="+canary)...)
}

func TestTheLauncherForARM64SaysWhatFails(t *testing.T) {
	program := emulated(t, ".")
	c := newContainer(t)
	code := c.runEmulated(append(program, "--", "/nowhere/application"), nil)
	if code != 127 || !strings.Contains(c.stderr.String(), `piggy-env: command "/nowhere/application": not found`) {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
}

func (c *container) runEmulated(argv, environment []string) int {
	c.t.Helper()
	command := c.command(environment, argv...)
	command.SysProcAttr = nil
	c.start(command)
	return c.finish(command)
}
