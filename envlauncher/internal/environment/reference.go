// What a secret reference is, and how values take the place of references.

package environment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const referencePrefix = "piggy:"

// Reference is a variable whose value is to be replaced by the value of a key.
type Reference struct {
	Variable string
	Key      string
}

// String names the reference for people: DB_PASSWORD (piggy:password).
func (r Reference) String() string {
	return fmt.Sprintf("%s (%s)", show(r.Variable), show(referencePrefix+r.Key))
}

// References returns the references in the order of the environment, or an error that names all bad ones.
func (e Environment) References() ([]Reference, error) {
	var references []Reference
	var mistakes []error
	for _, e := range e.entries {
		key, isReference := strings.CutPrefix(e.value, referencePrefix)
		if !isReference {
			continue
		}
		reference := Reference{Variable: e.name, Key: key}
		references = append(references, reference)
		if key == "" {
			mistakes = append(mistakes, fmt.Errorf("variable %s names no key", reference))
		} else if !utf8.ValidString(key) {
			mistakes = append(mistakes, fmt.Errorf("variable %s: the key must be UTF-8", reference))
		}
	}
	return references, errors.Join(mistakes...)
}

// Keys returns the keys of references, each once, sorted: the kubelet's order of variables is random, and a
// question that is asked again should be the same question.
func Keys(references []Reference) []string {
	keys := make([]string, 0, len(references))
	for _, reference := range references {
		keys = append(keys, reference.Key)
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

// Resolve puts values in the place of references. A value is not looked at again, whatever it begins with. A
// variable whose key has no value is left out.
func (e Environment) Resolve(values map[string]string) (Environment, error) {
	resolved := make([]entry, 0, len(e.entries))
	for _, e := range e.entries {
		key, isReference := strings.CutPrefix(e.value, referencePrefix)
		if !isReference {
			resolved = append(resolved, e)
			continue
		}
		value, hasValue := values[key]
		if !hasValue {
			continue
		}
		if strings.Contains(value, "\x00") {
			return Environment{}, fmt.Errorf("variable %s: the value holds a NUL byte, which no environment can; "+
				"store it encoded, in base64 for example", Reference{Variable: e.name, Key: key})
		}
		resolved = append(resolved, entry{name: e.name, value: value, isSecret: true})
	}
	return of(resolved), nil
}

// show quotes text that would otherwise be misread, such as a key with a line break at its end.
func show(text string) string {
	quoted := strconv.Quote(text)
	if quoted == `"`+text+`"` && text != "" && strings.TrimSpace(text) == text {
		return text
	}
	return quoted
}
