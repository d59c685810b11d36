package reference

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// vector is a text and what it means, or what is wrong with it.
type vector struct {
	Text   string
	Error  string
	Source *Source
	Key    string
	Path   []string
	// "fail", "unset", or an object with the default.
	WhenMissing any
	Prefix      *string
}

func readVectors(t testing.TB) map[string]vector {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/references.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]vector
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 100 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	return vectors
}

func (v vector) check(t *testing.T) {
	t.Helper()
	got, err := Parse(v.Text)
	if err != nil || v.Error != "" {
		if err == nil || err.Error() != v.Error {
			t.Errorf("%q: got %+v, %v, expected the error %q", v.Text, got, err, v.Error)
		}
		return
	}
	var source Source
	if v.Source != nil {
		source = *v.Source
	}
	if got.Source != source || got.Key.Text != v.Key || !slices.Equal(got.Key.Path, v.Path) {
		t.Errorf("%q: got %+v, expected %+v, %q %q", v.Text, got, source, v.Key, v.Path)
	}
	if !reflect.DeepEqual(got.Prefix, v.Prefix) {
		t.Errorf("%q: got the prefix %v, expected %v", v.Text, got.Prefix, v.Prefix)
	}
	if whenMissing := got.whenMissing(); !reflect.DeepEqual(whenMissing, v.WhenMissing) {
		t.Errorf("%q: got %v, expected %v", v.Text, whenMissing, v.WhenMissing)
	}
}

func (r Reference) whenMissing() any {
	switch {
	case r.Optional:
		return "unset"
	case r.Default == nil:
		return "fail"
	}
	return map[string]any{"default": *r.Default}
}

func TestReferencesMeanWhatTheyMeanToTheProvider(t *testing.T) {
	for name, v := range readVectors(t) {
		t.Run(name, v.check)
	}
}

func TestTextsThatChanceMadeMeanWhatTheyMeanToTheProvider(t *testing.T) {
	file, err := os.Open("../../../testdata/references.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	count := 0
	for ; lines.Scan(); count++ {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		v.check(t)
	}
	if lines.Err() != nil || count < 1000 {
		t.Fatalf("%d lines, %v", count, lines.Err())
	}
}

// FuzzParse: whatever the text, it is read as one thing, and what it is not is refused.
func FuzzParse(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			return
		}
		begins := slices.ContainsFunc([]string{"all:", "arn:", "key:", "secret:", "parameter:"}, func(word string) bool { return strings.HasPrefix(text, word) })
		if got.IsPlain == begins {
			t.Errorf("%q: plain %v", text, got.IsPlain)
		}
		if got.IsPlain && (got.Key.Text != text || !got.Source.IsOwn() || got.Optional || got.Default != nil) {
			t.Errorf("%q: %+v", text, got)
		}
		if named := got.Source.Secret + got.Source.Parameter; !strings.Contains(text, named) {
			t.Errorf("%q: names %q, which does not stand there", text, named)
		}
		if got.Optional && got.Default != nil || !utf8.ValidString(got.Key.Text) || text != "" && got.Key.Text == "" {
			t.Errorf("%q: %+v", text, got)
		}
	})
}
