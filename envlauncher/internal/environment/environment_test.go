package environment

import (
	"slices"
	"strings"
	"testing"
)

const canary = "canary-7f3a"

func expectEntries(t *testing.T, got Environment, expected ...string) {
	t.Helper()
	if !slices.Equal(got.Entries(), expected) {
		t.Errorf("got %q, expected %q", got.Entries(), expected)
	}
}

func TestParseKeepsWhatTheApplicationWouldSee(t *testing.T) {
	cases := map[string]struct{ entries, expected []string }{
		"the order stays":                          {[]string{"B=2", "A=1"}, []string{"B=2", "A=1"}},
		"of two entries with one name the first":   {[]string{"A=1", "B=2", "A=3"}, []string{"A=1", "B=2"}},
		"an entry without = as it came":            {[]string{"ODD", "A=1"}, []string{"ODD", "A=1"}},
		"an entry without = beside a variable":     {[]string{"A", "A=1", "A"}, []string{"A", "A=1", "A"}},
		"an empty entry":                           {[]string{"", "A=1"}, []string{"", "A=1"}},
		"a variable without a name":                {[]string{"=x", "A=1"}, []string{"=x", "A=1"}},
		"a value with = in it":                     {[]string{"A=b=c"}, []string{"A=b=c"}},
		"bytes that are not UTF-8":                 {[]string{"\xff=\xfe"}, []string{"\xff=\xfe"}},
		"names with spaces, dots and line breaks":  {[]string{"a b.c\n=1"}, []string{"a b.c\n=1"}},
		"an empty value":                           {[]string{"A="}, []string{"A="}},
		"nothing at all":                           {nil, nil},
		"an entry without = that looks like ours ": {[]string{"piggy:A"}, []string{"piggy:A"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { expectEntries(t, Parse(c.entries), c.expected...) })
	}
}

func TestWithoutRemovesExactlyTheNamedVariables(t *testing.T) {
	all := Parse([]string{"A=1", "PIGGY_UID=x", "PIGGY_BANK=mine", "PIGGY_UID", "B=2"})
	expectEntries(t, all.Without([]string{"PIGGY_UID", "PIGGY_CA"}), "A=1", "PIGGY_BANK=mine", "PIGGY_UID", "B=2")
	if _, isSet := all.Without([]string{"A"}).Lookup("A"); isSet {
		t.Error("A can still be looked up")
	}
	if value := all.Without([]string{"A"}).Value("B"); value != "2" {
		t.Errorf("B is %q", value)
	}
}

func TestReferences(t *testing.T) {
	environment := Parse([]string{
		"A=piggy:one", "B=plain", "C=piggy:db.password", "D= piggy:x", "E=Piggy:x", "F=piggy:one", "G=piggy:.", "piggy:x", "=piggy:odd", "A=piggy:hidden",
	})
	environment, err := environment.Read("")
	if err != nil {
		t.Fatal(err)
	}
	references := environment.References()
	expected := []Reference{{"A", "one"}, {"C", "db.password"}, {"F", "one"}, {"G", "."}, {"", "odd"}}
	if !slices.Equal(references, expected) {
		t.Errorf("got %v, expected %v", references, expected)
	}
	if keys := Keys(references); !slices.Equal(keys, []string{".", "db.password", "odd", "one"}) {
		t.Errorf("keys are %q", keys)
	}
}

func TestReferencesNamesEveryMistake(t *testing.T) {
	_, err := Parse([]string{"A=piggy:", "B=piggy:\xff", "C=piggy:fine"}).Read("")
	if err == nil || !strings.Contains(err.Error(), `A (piggy:) names no key`) || !strings.Contains(err.Error(), `B ("piggy:\xff"): the key must be UTF-8`) {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	cases := map[string]struct {
		entries  []string
		values   map[string]string
		expected []string
	}{
		"a value takes the place of its reference":    {[]string{"X=1", "A=piggy:k", "Y=2"}, map[string]string{"k": "v"}, []string{"X=1", "A=v", "Y=2"}},
		"one key may serve several variables":         {[]string{"A=piggy:k", "B=piggy:k"}, map[string]string{"k": "v"}, []string{"A=v", "B=v"}},
		"a value that looks like a reference is text": {[]string{"A=piggy:k", "B=piggy:l"}, map[string]string{"k": "piggy:l", "l": "v"}, []string{"A=piggy:l", "B=v"}},
		"an empty value is a value":                   {[]string{"A=piggy:k"}, map[string]string{"k": ""}, []string{"A="}},
		"a key without a value leaves nothing":        {[]string{"A=piggy:k", "B=1"}, nil, []string{"B=1"}},
		"a value that nobody asked for is not used":   {[]string{"A=1"}, map[string]string{"A": "v", "B": "v"}, []string{"A=1"}},
		"a value within a text":                       {[]string{"A=x<m>piggy:k</m><m/>y"}, map[string]string{"k": "<m>piggy:k</m>$$"}, []string{"A=x<m>piggy:k</m>$$$y"}},
		"a text with a missing value keeps the name":  {[]string{"A=x<m>piggy:k</m>", "B=piggy:k", "C=piggy:k"}, nil, []string{"A=x$(B)"}},
		"a text that is one reference is the value":   {[]string{"A=<m>piggy:k</m>"}, map[string]string{"k": "v"}, []string{"A=v"}},
		"an entry without = is no reference":          {[]string{"piggy:k"}, map[string]string{"k": "v"}, []string{"piggy:k"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			resolved, err := read(t, "m", c.entries...).Resolve(c.values)
			if err != nil {
				t.Fatal(err)
			}
			expectEntries(t, resolved, c.expected...)
		})
	}
}

func TestResolveRefusesAValueWithANulByteByName(t *testing.T) {
	_, err := read(t, "", "A=piggy:k").Resolve(map[string]string{"k": canary + "\x00"})
	if err == nil || !strings.Contains(err.Error(), "A (piggy:k)") || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

func TestMissing(t *testing.T) {
	missing := Missing([]Reference{{"A", "a"}, {"B", "b"}, {"C", "b\n"}}, map[string]string{"a": ""})
	if got := Names(missing); got != `B (piggy:b), C ("piggy:b\n")` {
		t.Errorf("got %s", got)
	}
}

func read(t *testing.T, mark Mark, entries ...string) Environment {
	t.Helper()
	environment, err := Parse(entries).Read(mark)
	if err != nil {
		t.Fatal(err)
	}
	return environment
}

func TestPlainIsAVariableWithoutSecrets(t *testing.T) {
	environment := read(t, "m", "A=1", "B=piggy:k", "C=x<m>piggy:k</m>", "D=x<m>1</m>", "E")
	for name, expected := range map[string]string{"A": "1", "B": "", "C": "", "D": "x1", "E": "", "F": ""} {
		if got := environment.Plain(name); got != expected {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestSuspectsHoldWhatLooksLikeAReference(t *testing.T) {
	environment := read(t, "m", "A=piggy:k", "B=pg://piggy:password@db", "C=http://piggy:8080", "D=x<m>piggy:k</m>", "E=a piggy:", "piggy:k", "F=<m>piggy:k</m>",
		"a b=x\npiggy:k")
	if got := environment.Suspects(); !slices.Equal(got, []string{"B", "a b"}) {
		t.Errorf("got %q", got)
	}
}

func TestCheckNamesTheVariableThatTheKernelWouldRefuse(t *testing.T) {
	fits := Parse([]string{"A=" + strings.Repeat("x", 7)})
	if err := fits.Check(10); err != nil {
		t.Errorf("10 bytes with the final NUL are refused: %v", err)
	}
	err := Parse([]string{"OK=", "LONG=" + canary}).Check(10)
	if err == nil || !strings.Contains(err.Error(), "variable LONG: 17 bytes") || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

func FuzzReferences(f *testing.F) {
	f.Add("A=piggy:k\nB=1", "k", "v", "")
	f.Add("A=piggy:k\nDSN=x<m>piggy:k</m>\nA=2\nODD\n=x\n\n=", "k", "piggy:k", "m")
	f.Add("A=piggy:\nB=piggy:\xff\nC=<m></m></m><m/><m>", "\xff", "\x00", "m")
	f.Fuzz(func(t *testing.T, entries, key, value, mark string) {
		environment, err := Parse(strings.Split(entries, "\n")).Read(Mark(mark))
		if err != nil {
			return
		}
		references := environment.References()
		values := map[string]string{key: value}
		resolved, err := environment.Resolve(values)
		if err != nil {
			if !strings.Contains(value, "\x00") {
				t.Errorf("refused: %v", err)
			}
			return
		}
		for _, reference := range references {
			_, hasValue := values[reference.Key]
			isWhole := environment.entries[environment.index[reference.Variable]].text.only() != ""
			if got, isSet := resolved.Lookup(reference.Variable); isWhole && (isSet != hasValue || got != values[reference.Key]) {
				t.Errorf("%s is %q, expected %q", reference, got, value)
			}
		}
	})
}
