package install

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func running(t *testing.T) []byte {
	t.Helper()
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func expectInstalled(t *testing.T, folder string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "piggy-env"))
	if err != nil || !bytes.Equal(content, running(t)) {
		t.Errorf("the copy differs: %d bytes, %v", len(content), err)
	}
	status, err := os.Stat(filepath.Join(folder, "piggy-env"))
	if err != nil || status.Mode() != 0o555 {
		t.Errorf("mode is %v, %v", status.Mode(), err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestInto(t *testing.T) {
	leftovers := map[string]func(folder string) error{
		"an empty folder":              func(string) error { return nil },
		"a copy that is there already": func(f string) error { return Into(f, Running) },
		"an older launcher":            func(f string) error { return os.WriteFile(filepath.Join(f, "piggy-env"), []byte("old"), 0o555) },
		"a try that was cut off": func(f string) error {
			return os.WriteFile(filepath.Join(f, ".piggy-env.unfinished"), []byte("half"), 0o200)
		},
		"a link that leads elsewhere": func(f string) error {
			return os.Symlink("/nonexistent/elsewhere", filepath.Join(f, ".piggy-env.unfinished"))
		},
	}
	for name, prepare := range leftovers {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := prepare(folder); err != nil {
				t.Fatal(err)
			}
			if err := Into(folder, Running); err != nil {
				t.Fatal(err)
			}
			expectInstalled(t, folder)
		})
	}
}

func TestTheModeDoesNotDependOnTheMask(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	folder := t.TempDir()
	if err := Into(folder, Running); err != nil {
		t.Fatal(err)
	}
	expectInstalled(t, folder)
}

func TestIntoAFolderThatIsNotThereFails(t *testing.T) {
	if err := Into(filepath.Join(t.TempDir(), "nowhere"), Running); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

func TestAFailureLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	// A folder of that name cannot be replaced by a file.
	if err := os.MkdirAll(filepath.Join(folder, "piggy-env", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Into(folder, Running); err == nil {
		t.Fatal("no error")
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}
