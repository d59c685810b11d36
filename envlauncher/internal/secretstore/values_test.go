package secretstore

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"piggysec.com/envlauncher/internal/reference"
)

const canary = "canary-5d1e"

type expected struct {
	Values     map[string]string
	Missing    []string
	Hint       string
	Ambiguous  []string
	AllowLists []string
	All        json.RawMessage // of all keys; null where it has none, nil where another vector says it
}

func readVectors(t *testing.T) (vectors struct {
	SecretString map[string]struct {
		SecretString string
		expected
	}
	SecretBinary map[string]struct {
		SecretBinary string
		expected
	}
	Parameters map[string]struct {
		Parameters []Parameter
		expected
	}
}) {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/secret-values.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.SecretString) < 40 || len(vectors.SecretBinary) == 0 || len(vectors.Parameters) == 0 {
		t.Fatal("a part of the vectors is missing")
	}
	return vectors
}

func (e expected) check(t *testing.T, content Content) {
	t.Helper()
	asked := append(slices.Collect(maps.Keys(e.Values)), e.Missing...)
	got, err := content.Select(wanted(asked...))
	if err != nil || !maps.Equal(got.Values, e.Values) {
		t.Errorf("got %q, %v, expected %q", got.Values, err, e.Values)
	}
	if got.Hint != e.Hint || strings.Contains(got.Hint, "canary") {
		t.Errorf("the hint is %q, expected %q", got.Hint, e.Hint)
	}
	if !slices.Equal(content.AllowLists, e.AllowLists) {
		t.Errorf("the allow-lists are %q, expected %q", content.AllowLists, e.AllowLists)
	}
	e.checkAll(t, content)
	for _, key := range e.Ambiguous {
		if got, err := content.Select(wanted(key)); err == nil || !strings.Contains(err.Error(), "ambiguous_parameter: "+key) {
			t.Errorf("%s: got %q, %v", key, got.Values, err)
		}
	}
}

func (e expected) checkAll(t *testing.T, content Content) {
	t.Helper()
	if e.All == nil {
		return
	}
	got, err := content.Select([]Wanted{{Reference: "all:.", All: true}})
	found, hasKeys := got.Values["all:."]
	if !hasKeys {
		found = "null"
	}
	var keys, expected map[string]string
	if json.Unmarshal([]byte(found), &keys) != nil || json.Unmarshal(e.All, &expected) != nil || err != nil || !maps.Equal(keys, expected) || (keys == nil) != (expected == nil) {
		t.Errorf("all keys are %s, %v, expected %s", found, err, e.All)
	}
}

func wanted(keys ...string) []Wanted {
	var wanted []Wanted
	for _, key := range keys {
		wanted = append(wanted, Wanted{Reference: key, Key: reference.PlainKey(key)})
	}
	return wanted
}

func TestSecretString(t *testing.T) {
	for name, c := range readVectors(t).SecretString {
		t.Run(name, func(t *testing.T) {
			content, err := ParseString(c.SecretString)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, content)
		})
	}
}

func TestSecretBinary(t *testing.T) {
	for name, c := range readVectors(t).SecretBinary {
		t.Run(name, func(t *testing.T) {
			content, err := base64.StdEncoding.DecodeString(c.SecretBinary)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, ParseBinary(content))
		})
	}
}

func TestParameters(t *testing.T) {
	for name, c := range readVectors(t).Parameters {
		t.Run(name, func(t *testing.T) { c.check(t, ParseParameters(c.Parameters)) })
	}
}

func TestAnObjectThatIsTooDeepIsNotTakenForPlainText(t *testing.T) {
	deep := `{"PIGGY_ALLOWED_SA":"shop:api","` + canary + `":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`
	if _, err := ParseString(deep); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

func FuzzParseString(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":1e400}}`, `{"a":"b","a":null}`, "plain", `{"PIGGY_X":1}`, `{"a":[1, {"b" : 2}]}`, "{", `{"\ud800":1}`} {
		f.Add(seed, "a.b")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		content, err := ParseString(text)
		if err != nil {
			return
		}
		selected, err := content.Select(wanted(key, whole, AllowList))
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		values := selected.Values
		if _, isGiven := values[AllowList]; isGiven {
			t.Error("a key of ours is given out")
		}
		if value, isWhole := values[whole]; !isWhole || value != text {
			t.Errorf("the whole came out as %q, %v", value, isWhole)
		}
	})
}
