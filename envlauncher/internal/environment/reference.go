// What a secret reference is, and how values take the place of references.

package environment

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Reference is a key that a variable's value is, or is made with.
type Reference struct {
	Variable string
	Key      string
}

// String names the reference for people: DB_PASSWORD (piggy:password).
func (r Reference) String() string {
	return fmt.Sprintf("%s (%s)", show(r.Variable), show(referencePrefix+r.Key))
}

// References returns the references in the order of the environment, which Read has read.
func (e Environment) References() []Reference {
	var references []Reference
	for _, e := range e.entries {
		for _, key := range e.text.Keys() {
			references = append(references, Reference{Variable: e.name, Key: key})
		}
	}
	return references
}

// Keys returns the keys of references and of other texts, each once, sorted: the kubelet's order of variables is
// random, and a question that is asked again should be the same question.
func Keys(references []Reference, others ...Text) []string {
	keys := make([]string, 0, len(references))
	for _, reference := range references {
		keys = append(keys, reference.Key)
	}
	for _, text := range others {
		keys = append(keys, text.Keys()...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Names lists references for people.
func Names(references []Reference) string {
	names := make([]string, 0, len(references))
	for _, reference := range references {
		names = append(names, reference.String())
	}
	return strings.Join(names, ", ")
}

// Missing returns the references that have no value.
func Missing(references []Reference, values map[string]string) []Reference {
	return slices.DeleteFunc(slices.Clone(references), func(r Reference) bool {
		_, hasValue := values[r.Key]
		return hasValue
	})
}

// Resolve puts values in the place of references. A value is not looked at again, whatever is in it. A variable whose
// key has no value is left out, and $(NAME) of it stays as it was written.
func (e Environment) Resolve(values map[string]string) (Environment, error) {
	resolved := make([]entry, 0, len(e.entries))
	for _, entry := range e.entries {
		if key := entry.text.only(); key != "" {
			if _, hasValue := values[key]; !hasValue {
				continue
			}
		}
		for _, key := range entry.text.Keys() {
			if strings.Contains(values[key], "\x00") {
				return Environment{}, fmt.Errorf("variable %s: the value holds a NUL byte, which no environment can; "+
					"store it encoded, in base64 for example", Reference{Variable: entry.name, Key: key})
			}
			entry.value = entry.text.Resolve(values, e.asWritten)
		}
		resolved = append(resolved, entry)
	}
	return of(resolved), nil
}

// only returns the key where all of the text is one reference.
func (t Text) only() string {
	if len(t) == 1 {
		return t[0].key
	}
	return ""
}

// asWritten returns $(NAME) for a variable that is this reference.
func (e Environment) asWritten(key string) string {
	for _, name := range slices.Sorted(maps.Keys(e.index)) {
		if e.entries[e.index[name]].text.only() == key {
			return "$(" + name + ")"
		}
	}
	return referencePrefix + key
}

// Suspects returns the variables that hold what looks like a reference in the middle of a text, where it is none.
func (e Environment) Suspects() []string {
	var names []string
	for _, e := range e.entries {
		if !e.isBare && len(e.text.Keys()) == 0 && hasReferenceWithin(e.value) {
			names = append(names, show(e.name))
		}
	}
	return names
}

// hasReferenceWithin tells piggy:NAME from the host and port of http://piggy:8080.
func hasReferenceWithin(text string) bool {
	for {
		before, after, found := strings.Cut(text, referencePrefix)
		if !found {
			return false
		}
		isName := after != "" && (after[0] == '_' || after[0] == '.' || 'A' <= after[0] && after[0] <= 'Z' || 'a' <= after[0] && after[0] <= 'z')
		if before != "" && isName {
			return true
		}
		text = "-" + after
	}
}

// show quotes text that would otherwise be misread, such as a key with a line break in it.
func show(text string) string {
	quoted := strconv.Quote(text)
	if quoted == `"`+text+`"` && text != "" && strings.TrimSpace(text) == text {
		return text
	}
	return quoted
}
