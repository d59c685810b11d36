package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheBinaryIsStaticAndSmall(t *testing.T) {
	for _, architecture := range []string{"amd64", "arm64"} {
		t.Run(architecture, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "piggy-env")
			if err := build(program, ".", "GOOS=linux", "GOARCH="+architecture); err != nil {
				t.Fatal(err)
			}
			status, err := os.Stat(program)
			if err != nil || status.Size() >= 6_000_000 {
				t.Errorf("%d bytes, %v", status.Size(), err)
			}
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
		})
	}
}

func TestTheStandardLibraryIsAllThatIsNeeded(t *testing.T) {
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
