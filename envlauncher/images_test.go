// What images hold besides: a C library and nothing else, busybox. Most tests run in an image FROM scratch.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestInAnImageWithACLibraryAndNothingElse(t *testing.T) {
	for name, settings := range map[string]func(*provider) []string{
		"without a reference": func(*provider) []string { return []string{"A=1"} },
		"with a reference":    func(p *provider) []string { return p.settings("A=piggy:k") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			c.copyProgram("env", "/bin/env")
			p := startProvider(t, values(t, "k", "1"))
			if code := c.launch(settings(p), "env"); code != 0 || c.stderr.Len() > 0 {
				t.Fatalf("exit code %d: %s", code, c.stderr.String())
			}
			lines := strings.Split(strings.TrimSpace(c.stdout.String()), "\n")
			slices.Sort(lines)
			if !slices.Equal(lines, []string{"A=1", "PATH=/bin"}) {
				t.Errorf("the application sees %q", lines)
			}
		})
	}
}

// copyProgram copies a program of this machine, with the libraries that it loads.
func (c *container) copyProgram(name, path string) {
	c.t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		c.t.Skipf("needs %s: %v", name, err)
	}
	loads, err := exec.Command("ldd", program).Output()
	if err != nil {
		c.t.Skipf("needs ldd, and a %s that is dynamically linked: %v", name, err)
	}
	c.copyFile(program, path)
	for _, library := range regexp.MustCompile(`/\S+`).FindAllString(string(loads), -1) {
		c.copyFile(library, library)
	}
}

func (c *container) copyFile(from, to string) {
	c.t.Helper()
	content, err := os.ReadFile(from)
	c.must(err)
	c.must(os.MkdirAll(filepath.Dir(c.root+to), 0o755))
	c.must(os.WriteFile(c.root+to, content, 0o755))
}

func TestInAnImageWithBusybox(t *testing.T) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skipf("needs busybox, statically linked: %v", err)
	}
	for name, argv := range map[string][]string{
		"a shell":              {"sh", "-c", `echo "$A"`},
		"a shell's expansion":  {"sh", "-c", `echo $(A)`},
		"by its path":          {"/bin/echo", "$(A)"},
		"a script without #!":  {"sh", "/script"},
		"a script that has it": {"/script"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			c.copyFile(busybox, "/bin/busybox")
			for _, applet := range []string{"sh", "echo"} {
				c.must(os.Symlink("busybox", c.root+"/bin/"+applet))
			}
			c.write("/script", "#!/bin/sh\necho \"$A\"\n", 0o755)
			p := startProvider(t, values(t, "k", "the value"))
			if code := c.launch(p.settings("A=piggy:k"), argv...); code != 0 || c.stdout.String() != "the value\n" {
				t.Errorf("exit code %d, %q: %s", code, c.stdout.String(), c.stderr.String())
			}
		})
	}
}
