package allkeys

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		list  string
		texts []string
		err   string
	}{
		"nothing":                        {"", nil, ""},
		"only commas":                    {" , ,", nil, ""},
		"the Pod's own source":           {".", []string{"all:."}, ""},
		"several, with blanks":           {" secret:shop/db?prefix=DB_ ,\nparameter:/shop/config ", []string{"all:secret:shop/db?prefix=DB_", "all:parameter:/shop/config"}, ""},
		"an ARN":                         {"arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf", []string{"all:arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"}, ""},
		"a name without what it is of":   {"shop/db", nil, `annotation piggysec.com/env-from: "shop/db": all keys are taken from`},
		"a single key":                   {"secret:shop/db#A", nil, "without a key"},
		"a default":                      {".?default=x", nil, "all keys have no default"},
		"a prefix that no name can have": {".?prefix=1A", nil, `"prefix" must be`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sources, err := Parse(c.list)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			var texts []string
			for _, source := range sources {
				texts = append(texts, source.Text)
			}
			if err != nil || !slices.Equal(texts, c.texts) {
				t.Errorf("%q, %v", texts, err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	cases := map[string]struct {
		list     string
		values   map[string]string
		allowed  string
		expected map[string]string
		mistakes []string
		err      string
	}{
		"of two sources the last counts": {list: ".,secret:b", values: map[string]string{"all:.": `{"A":"1","B":"2"}`, "all:secret:b": `{"A":"3"}`}, expected: map[string]string{"A": "3", "B": "2"}},
		"a prefix comes first":           {list: ".?prefix=DB_", values: map[string]string{"all:.?prefix=DB_": `{"A":"1","9":"2"}`}, expected: map[string]string{"DB_A": "1", "DB_9": "2"}},
		"one that may be missing":        {list: ".?optional", expected: map[string]string{}},
		"one that is missing":            {list: "secret:b", expected: map[string]string{}, mistakes: []string{`"secret:b": it has no keys`}},
		"names that no variable can have": {list: ".", values: map[string]string{"all:.": `{"A":"1","canary-0a1b 2":"","":"","9":"","x=y":"","ü":""}`}, expected: map[string]string{"A": "1"},
			mistakes: []string{`".": 5 of its 6 keys make no name`}},
		"a name that loads libraries":         {list: ".", values: map[string]string{"all:.": `{"LD_PRELOAD":"/x"}`}, err: `".": a key would set the variable LD_*, which decides`},
		"a name that a prefix makes":          {list: ".?prefix=NODE_", values: map[string]string{"all:.?prefix=NODE_": `{"OPTIONS":"x"}`}, err: `".?prefix=NODE_": a key would set the variable NODE_OPTIONS`},
		"a setting of .NET by its newer name": {list: ".", values: map[string]string{"all:.": `{"DOTNET_GCName":"x"}`}, err: "the variable DOTNET_*, which"},
		"a setting of npm in lower case":      {list: ".", values: map[string]string{"all:.": `{"npm_config_node_options":"x"}`}, err: "the variable npm_config_*, which"},
		"a file that names programs":          {list: ".", values: map[string]string{"all:.": `{"AWS_CONFIG_FILE":"/x"}`}, err: "the variable AWS_CONFIG_FILE, which"},
		"such a name with a prefix":           {list: ".?prefix=APP_", values: map[string]string{"all:.?prefix=APP_": `{"PATH":"/x"}`}, expected: map[string]string{"APP_PATH": "/x"}},
		"a name that the owner allows":        {list: ".", values: map[string]string{"all:.": `{"JAVA_OPTS":"-X","LD_AUDIT":"x"}`}, allowed: "JAVA_OPTS, LD_*", expected: map[string]string{"JAVA_OPTS": "-X", "LD_AUDIT": "x"}},
		"a name beside one that is allowed":   {list: ".", values: map[string]string{"all:.": `{"PATH":"/x"}`}, allowed: "PATHS,PAT", err: "the variable PATH, which"},
		"the launcher's own names":            {list: ".?prefix=PI", values: map[string]string{"all:.?prefix=PI": `{"GGY_UID":"x"}`}, allowed: "*", err: "PIGGY_*"},
		"a NUL byte":                          {list: ".", values: map[string]string{"all:.": `{"A":"canary\u0000"}`}, err: `".": a value holds a NUL byte`},
		"what is no answer":                   {list: ".", values: map[string]string{"all:.": `["canary"]`}, err: "what was answered are no keys"},
		"null":                                {list: ".", values: map[string]string{"all:.": `null`}, err: "what was answered are no keys"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sources, err := Parse(c.list)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Read(sources, c.values, ParseAllowed(c.allowed))
			var told []string
			for _, mistake := range got.Mistakes {
				told = append(told, mistake.Error())
			}
			if err != nil {
				told = append(told, err.Error())
			}
			if all := strings.Join(told, " "); strings.Contains(all, "canary") {
				t.Errorf("told %s", all)
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || !maps.Equal(got.Values, c.expected) || len(told) != len(c.mistakes) {
				t.Fatalf("%v, %v, %q", got.Values, err, told)
			}
			for i, mistake := range c.mistakes {
				if !strings.Contains(told[i], mistake) {
					t.Errorf("told %q", told[i])
				}
			}
		})
	}
}

func TestTheDocumentListsTheNamesThatAreRefused(t *testing.T) {
	text, err := os.ReadFile("../../../docs/references.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Names that are refused")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			listed = append(listed, match[1])
		}
	}
	refused := Refused()
	slices.Sort(listed)
	slices.Sort(refused)
	if !slices.Equal(listed, refused) {
		t.Errorf("the document lists %q, refused are %q", listed, refused)
	}
}

// FuzzRead: whatever the keys and the prefix, no variable is set that is refused, or that no environment can hold.
func FuzzRead(f *testing.F) {
	for _, name := range Refused() {
		f.Add("", strings.TrimSuffix(name, "*"), "x")
		f.Add(name[:1], strings.TrimSuffix(name, "*")[1:]+"X", "x")
	}
	f.Add("DB_", "A", "1\x00")
	f.Fuzz(func(t *testing.T, prefix, key, value string) {
		entry := "secret:shop/db"
		if prefix != "" {
			entry += "?prefix=" + prefix
		}
		sources, err := Parse(entry)
		if err != nil || len(sources) != 1 {
			return
		}
		text, err := json.Marshal(map[string]string{key: value})
		if err != nil {
			t.Fatal(err)
		}
		read, err := Read(sources, map[string]string{sources[0].Text: string(text)}, nil)
		for name, set := range read.Values {
			if err != nil || refusing(name) != "" || strings.ContainsAny(name, "=\x00") || name == "" || strings.Contains(set, "\x00") {
				t.Errorf("%q sets %q, %v", key, name, err)
			}
		}
	})
}
