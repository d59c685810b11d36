package expansion

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

type vectors struct {
	Expand map[string]struct {
		Text, Expected string
		Environment    map[string]string
	}
	Args  map[string]struct{ Author, Doubled string }
	Image map[string]struct{ Image, Args, Received, Run string }
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/expansion.json")
	if err != nil {
		t.Fatal(err)
	}
	var read vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Expand) == 0 || len(read.Args) == 0 || len(read.Image) == 0 {
		t.Fatal("a part of the vectors is empty")
	}
	return read
}

func expect(t *testing.T, got, expected string) {
	t.Helper()
	if got != expected {
		t.Errorf("got %q, expected %q", got, expected)
	}
}

func anything(string) (string, bool) { return "another value", true }

func TestText(t *testing.T) {
	for name, c := range readVectors(t).Expand {
		t.Run(name, func(t *testing.T) {
			got := Text(c.Text, func(name string) (string, bool) {
				value, isSet := c.Environment[name]
				return value, isSet
			})
			expect(t, got, c.Expected)
		})
	}
}

func TestTheKubeletUndoesThePolicysDoubling(t *testing.T) {
	read := readVectors(t)
	for name, c := range read.Args {
		t.Run("args: "+name, func(t *testing.T) { expect(t, Text(c.Doubled, anything), c.Author) })
	}
	for name, c := range read.Image {
		t.Run("image: "+name, func(t *testing.T) {
			expect(t, Text(c.Args, anything), c.Received)
			expect(t, Text(c.Received, anything), c.Run)
			expect(t, c.Run, c.Image)
		})
	}
}

func TestBytesThatAreNotUTF8PassUnchanged(t *testing.T) {
	expect(t, Text("\xff$\xfe$(A)\x80", anything), "\xff$\xfeanother value\x80")
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "$", "$$", "$(A)", "$(A", "$$(A)$(B)$", "$($(A))", "é$é", "$()", "$(A)(B)"} {
		f.Add(seed, "value $(A)")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		nothing := func(string) (string, bool) { return "", false }
		if doubled := strings.ReplaceAll(text, "$", "$$"); Text(doubled, anything) != text {
			t.Errorf("%q doubled came out as %q", text, Text(doubled, anything))
		}
		if !strings.Contains(text, "$$") && Text(text, nothing) != text {
			t.Errorf("%q came out as %q although nothing is defined", text, Text(text, nothing))
		}
		always := func(string) (string, bool) { return value, true }
		if got := Text("<$(NAME)>", always); got != "<"+value+">" {
			t.Errorf("the value %q came out as %q", value, got)
		}
		Text(text, always)
	})
}
