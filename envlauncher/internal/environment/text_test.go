package environment

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"piggysec.com/envlauncher/internal/expansion"
)

type vector struct {
	Author, Marked, Received string
	Variables                map[string]string
	Parts                    []json.RawMessage
}

func readVectors(t *testing.T) map[string]vector {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/expansion.json")
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Marked map[string]vector }
	if err := json.Unmarshal(text, &read); err != nil || len(read.Marked) == 0 {
		t.Fatalf("%d vectors, %v", len(read.Marked), err)
	}
	return read.Marked
}

// text is the expectation: a string is plain, an object has the key of a reference.
func (v vector) text(t *testing.T) Text {
	t.Helper()
	var expected Text
	for _, raw := range v.Parts {
		var plain string
		var reference struct{ Key string }
		if json.Unmarshal(raw, &plain) != nil && json.Unmarshal(raw, &reference) != nil {
			t.Fatalf("%s is no part", raw)
		}
		expected = append(expected, part{plain: plain, key: reference.Key})
	}
	return slices.DeleteFunc(expected, func(p part) bool { return p == part{} })
}

func TestMarksShowWhatTheKubeletPutIn(t *testing.T) {
	for name, c := range readVectors(t) {
		t.Run(name, func(t *testing.T) {
			received := expansion.Text(c.Marked, func(name string) (string, bool) {
				value, isSet := c.Variables[name]
				return value, isSet
			})
			if received != c.Received {
				t.Errorf("the kubelet makes %q, expected %q", received, c.Received)
			}
			got, err := Mark("m").Read(received)
			if expected := c.text(t); err != nil || !slices.Equal(got, expected) {
				t.Errorf("got %+v, %v, expected %+v", got, err, expected)
			}
		})
	}
}

func TestAReferenceThatIsNoneIsToldWhy(t *testing.T) {
	cases := map[string]string{
		"piggy:":                    `(piggy:) names no key`,
		"piggy:\n":                  `("piggy:\n") names no key`,
		"piggy:a\nb":                `("piggy:a\nb") goes on after a line break`,
		"x<m>piggy:</m>":            `(piggy:) names no key`,
		"piggy:<m>piggy:a</m>":      "a key cannot be made of secrets",
		"x<m>piggy:<m>piggy:a</m>b": "a key cannot be made of secrets",
		"piggy:\xff":                "must be UTF-8",
	}
	for text, expected := range cases {
		t.Run(text, func(t *testing.T) {
			if _, err := Mark("m").Read(text); err == nil || !strings.Contains(err.Error(), expected) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPlacesAreReadInTheirOrder(t *testing.T) {
	places, err := Mark("m").ReadPlaces("x<m>1</m><m>piggy:a</m><m>$(N)</m><m>p<m>piggy:b</m></m><m></m>")
	expected := []Text{{{plain: "1"}}, {{key: "a"}}, {{plain: "$(N)"}}, {{plain: "p"}, {key: "b"}}, nil}
	if err != nil || !slices.EqualFunc(places, expected, slices.Equal) {
		t.Errorf("got %+v, %v", places, err)
	}
}

func TestWithoutAMarkNothingIsMarked(t *testing.T) {
	text, err := Mark("").Read("<>piggy:a</>")
	places, placesErr := Mark("").ReadPlaces("<>piggy:a</>")
	if err != nil || placesErr != nil || len(places) != 0 || !slices.Equal(text, Text{{plain: "<>piggy:a</>"}}) {
		t.Errorf("got %+v, %v and %+v, %v", text, err, places, placesErr)
	}
}
