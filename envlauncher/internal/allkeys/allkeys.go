// Package allkeys puts all keys of a source into the environment: what the annotation piggysec.com/env-from lists
// (docs/references.md). The provider answers all keys of one source as the text of a JSON object.
package allkeys

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"piggysec.com/envlauncher/internal/reference"
)

// Source is one of the list.
type Source struct {
	// Entry is how it stands in the list, and Text the reference that is asked for.
	Entry, Text string
	prefix      string
	isOptional  bool
}

// Parse reads a list that is separated by commas.
func Parse(list string) ([]Source, error) {
	var sources []Source
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		text := "all:" + entry
		parsed, err := reference.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("annotation piggysec.com/env-from: %q: %w", entry, err)
		}
		sources = append(sources, Source{Entry: entry, Text: text, prefix: *parsed.Prefix, isOptional: parsed.Optional})
	}
	return sources, nil
}

// Variables are those that the values of the sources make.
type Variables struct {
	// Values by name; of a name that several sources have, that of the last.
	Values map[string]string
	// Mistakes are what leaves variables out: a source without keys, a name that no variable can have.
	Mistakes []error
}

// Read makes variables of the values of the sources, by their texts. It fails for a name that no source may set, but for those
// that the owner of the installation allows. Names of keys are the secret's, so no error repeats one.
func Read(sources []Source, values map[string]string, allowed Allowed) (Variables, error) {
	all := Variables{Values: map[string]string{}}
	for _, source := range sources {
		text, hasKeys := values[source.Text]
		if !hasKeys {
			if !source.isOptional {
				all.Mistakes = append(all.Mistakes, source.mistake("it has no keys"))
			}
			continue
		}
		var keys map[string]string
		if json.Unmarshal([]byte(text), &keys) != nil || keys == nil {
			return Variables{}, source.mistake("what was answered are no keys; check PIGGY_ADDRESS")
		}
		if err := all.add(source, keys, allowed); err != nil {
			return Variables{}, err
		}
	}
	return all, nil
}

// add reads the keys in their order, so that the same secret has the same mistake.
func (v *Variables) add(source Source, keys map[string]string, allowed Allowed) error {
	unnamed := 0
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		name := source.prefix + key
		if !isName(name) {
			unnamed++
			continue
		}
		if pattern := refusing(name); pattern != "" && !allowed.has(name) {
			return source.mistake("a key would set the variable %s, which decides how programs are found or loaded: "+
				"rename the key, use a prefix, or ask who runs Piggy for PIGGY_ENV_FROM_MAY_SET", pattern)
		}
		if strings.Contains(keys[key], "\x00") {
			return source.mistake("a value holds a NUL byte, which no environment can; store it encoded, in base64 for example")
		}
		v.Values[name] = keys[key]
	}
	if unnamed > 0 {
		v.Mistakes = append(v.Mistakes, source.mistake("%d of its %d keys make no name of a variable, which has letters, digits, "+
			`"_", "." and "-", and no digit first`, unnamed, len(keys)))
	}
	return nil
}

func (s Source) mistake(format string, arguments ...any) error {
	return fmt.Errorf("annotation piggysec.com/env-from: %q: %s", s.Entry, fmt.Sprintf(format, arguments...))
}

// isName: as Kubernetes takes the keys of a ConfigMap for envFrom.
var isName = regexp.MustCompile(`^[-._a-zA-Z][-._a-zA-Z0-9]*$`).MatchString
