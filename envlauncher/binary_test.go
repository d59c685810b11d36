package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var binaries = map[string]struct {
	source   string
	maxBytes int64
}{
	"piggy-env":            {".", 6_000_000},
	"standalone/piggy-env": {"./standalone", 14_000_000},
}

func TestTheBinariesAreStaticAndSmall(t *testing.T) {
	for name, binary := range binaries {
		for _, architecture := range []string{"amd64", "arm64"} {
			t.Run(name+" for "+architecture, func(t *testing.T) {
				program := filepath.Join(t.TempDir(), "piggy-env")
				if err := build(program, binary.source, "GOOS=linux", "GOARCH="+architecture); err != nil {
					t.Fatal(err)
				}
				status, err := os.Stat(program)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d bytes", status.Size())
				if status.Size() >= binary.maxBytes {
					t.Errorf("%d bytes", status.Size())
				}
				expectStatic(t, program)
			})
		}
	}
}

func expectStatic(t *testing.T, program string) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("it has %s, so it is not static", part.Type)
		}
	}
}

func TestTheStandardLibraryIsAllThatTheDefaultBinaryNeeds(t *testing.T) {
	command := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(output)) {
		if !strings.HasPrefix(path, "piggysec.com/envlauncher") || strings.HasSuffix(path, "test") {
			t.Errorf("imports %s", path)
		}
	}
}
