package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFailureIsOneLineInBothPlaces(t *testing.T) {
	cases := map[string]struct{ text, expected string }{
		"a line":                         {"no", "piggy-env: no"},
		"several errors":                 {errors.Join(errors.New("one"), errors.New("two")).Error(), "piggy-env: one; two"},
		"what would move the cursor":     {"a\r\x1b[2Jb\x00c", "piggy-env: a  [2Jb c"},
		"a line break at the end of all": {"no\n", "piggy-env: no"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "termination-log")
			if err := os.WriteFile(file, []byte("what an earlier failure left, which is longer"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			Failure(&out, file, errors.New(c.text))
			written, err := os.ReadFile(file)
			if err != nil || string(written) != c.expected || out.String() != c.expected+"\n" {
				t.Errorf("got %q and %q, %v", out.String(), written, err)
			}
		})
	}
}

func TestTheTerminationLogTakesWhatKubernetesKeeps(t *testing.T) {
	file := filepath.Join(t.TempDir(), "termination-log")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	Failure(new(strings.Builder), file, errors.New(strings.Repeat("ü", 4000)))
	written, err := os.ReadFile(file)
	if err != nil || len(written) > 4096 || len(written) < 4090 || !utf8.Valid(written) {
		t.Errorf("%d bytes, %v", len(written), err)
	}
}

func TestNoTerminationLogIsMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "termination-log")
	var out strings.Builder
	Failure(&out, file, errors.New("no"))
	if _, err := os.Stat(file); !os.IsNotExist(err) || out.String() != "piggy-env: no\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestLog(t *testing.T) {
	var out strings.Builder
	quiet, verbose := Log{Out: &out}, Log{Out: &out, Verbose: true}
	quiet.Debug("%s", "hidden")
	quiet.Warn("%s\n%d", "two", 2)
	verbose.Debug("%s", "shown")
	if out.String() != "piggy-env: warning: two; 2\npiggy-env: debug: shown\n" {
		t.Errorf("got %q", out.String())
	}
}
