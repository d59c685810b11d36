package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"piggysec.com/envlauncher/internal/environment"
)

// folders makes a folder first and a folder second, with files that can be executed and files that cannot.
func folders(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]os.FileMode{
		"first/app": 0o755, "first/plain": 0o644, "first/blocked": 0o644,
		"second/app": 0o755, "second/plain": 0o755, "second/other": 0o755, "second/folder/x": 0o755,
	}
	for name, mode := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFind(t *testing.T) {
	cases := map[string]struct {
		name, path, expected string
		failure              error
	}{
		"the first in PATH":                      {"app", "PATH=R/first:R/second", "R/first/app", nil},
		"a later one where others have it not":   {"other", "PATH=R/nowhere:R/first:R/second", "R/second/other", nil},
		"a later one where one cannot be run":    {"plain", "PATH=R/first:R/second", "R/second/plain", nil},
		"only one that cannot be run":            {"blocked", "PATH=R/first:R/second", "", ErrNotExecutable},
		"a folder of that name":                  {"folder", "PATH=R/second", "", ErrNotExecutable},
		"nowhere":                                {"unknown", "PATH=R/first:R/second", "", ErrNotFound},
		"an empty name":                          {"", "PATH=R/first", "", ErrNotFound},
		"an empty PATH":                          {"app", "PATH=", "", ErrNotFound},
		"a relative folder in PATH":              {"app", "PATH=first:.::R/second", "R/second/app", nil},
		"no PATH: where runtimes look":           {"sh", "X=1", "/bin/sh", nil},
		"a name with a slash is not looked up":   {"R/second/other", "PATH=R/first", "R/second/other", nil},
		"a relative name with a slash":           {"./app", "PATH=R/second", "./app", nil},
		"a name with a slash that is not there":  {"R/app", "PATH=R/first", "", ErrNotFound},
		"a name with a slash that is a folder":   {"R/second", "PATH=R/first", "", ErrNotExecutable},
		"a file in place of a folder":            {"R/first/app/x", "PATH=R/first", "", ErrNotFound},
		"a file that cannot be run, by its path": {"R/first/plain", "PATH=R/second", "", ErrNotExecutable},
	}
	root := folders(t)
	t.Chdir(filepath.Join(root, "first"))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inRoot := func(text string) string { return strings.ReplaceAll(text, "R/", root+"/") }
			got, err := Find(inRoot(c.name), environment.Parse([]string{inRoot(c.path)}))
			if !errors.Is(err, c.failure) || err == nil && filepath.Base(got) != filepath.Base(c.expected) {
				t.Fatalf("got %s, %v", got, err)
			}
			if err == nil && got != inRoot(c.expected) && c.name != "sh" {
				t.Errorf("got %s", got)
			}
			if err != nil && strings.Contains(err.Error(), root) {
				t.Errorf("the error names a path, which may hold a value: %v", err)
			}
		})
	}
}
