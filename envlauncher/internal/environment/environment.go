// Package environment holds the variables of a process and says how references in them become values.
package environment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environment is an ordered list of variables. It is never changed: each step returns a new one.
type Environment struct {
	entries []entry
	index   map[string]int // name → place in entries
}

type entry struct {
	name  string
	value string
	// text is the value as Read read it.
	text Text
	// isBare marks an entry without "=". It is no variable; the application gets it as it came.
	isBare bool
}

// Parse reads NAME=value entries. Where a name stands twice, the first counts and the others are dropped, as
// getenv of the C library and Go see it: an application must not find the reference where we saw the value.
func Parse(texts []string) Environment {
	entries := make([]entry, 0, len(texts))
	for _, text := range texts {
		name, value, hasValue := strings.Cut(text, "=")
		entries = append(entries, entry{name: name, value: value, isBare: !hasValue})
	}
	return of(entries)
}

func of(entries []entry) Environment {
	environment := Environment{index: make(map[string]int, len(entries))}
	for _, e := range entries {
		if _, isKnown := environment.index[e.name]; isKnown && !e.isBare {
			continue
		}
		if !e.isBare {
			environment.index[e.name] = len(environment.entries)
		}
		environment.entries = append(environment.entries, e)
	}
	return environment
}

// Lookup returns the value of a variable and whether it is set.
func (e Environment) Lookup(name string) (string, bool) {
	at, isSet := e.index[name]
	if !isSet {
		return "", false
	}
	return e.entries[at].value, true
}

// Value returns the value of a variable, empty where it is not set.
func (e Environment) Value(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// Without returns the environment without these variables.
func (e Environment) Without(names []string) Environment {
	return of(slices.DeleteFunc(slices.Clone(e.entries), func(e entry) bool {
		return !e.isBare && slices.Contains(names, e.name)
	}))
}

// With returns the environment with those of these variables that it does not have.
func (e Environment) With(values map[string]string) Environment {
	entries := slices.Clone(e.entries)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entries = append(entries, entry{name: name, value: values[name]})
	}
	return of(entries)
}

// Entries returns what execve takes.
func (e Environment) Entries() []string {
	texts := make([]string, 0, len(e.entries))
	for _, e := range e.entries {
		if e.isBare {
			texts = append(texts, e.name)
		} else {
			texts = append(texts, e.name+"="+e.value)
		}
	}
	return texts
}

// Read reads every value by the mark of the Pod, and takes the marks out of it. The error names all bad references.
func (e Environment) Read(mark Mark) (Environment, error) {
	read := Environment{entries: slices.Clone(e.entries), index: e.index}
	var mistakes []error
	for i, entry := range read.entries {
		if entry.isBare {
			continue
		}
		text, err := mark.Read(entry.value)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("variable %s %w", show(entry.name), err))
			continue
		}
		read.entries[i].text = text
		read.entries[i].value = text.Resolve(nil, func(key string) string { return referencePrefix + key })
	}
	return read, errors.Join(mistakes...)
}

// Plain returns the value of a variable, and nothing where it is not set or holds a reference.
func (e Environment) Plain(name string) string {
	at, isSet := e.index[name]
	if !isSet || len(e.entries[at].text.Keys()) > 0 {
		return ""
	}
	return e.entries[at].value
}

// AllPlain returns the variables that are set and hold no reference.
func (e Environment) AllPlain() map[string]string {
	plain := make(map[string]string, len(e.index))
	for name, at := range e.index {
		if len(e.entries[at].text.Keys()) == 0 {
			plain[name] = e.entries[at].value
		}
	}
	return plain
}

// Check refuses a variable that execve would refuse without saying which one: maxBytes is what the kernel
// takes for one string, its final NUL byte included.
func (e Environment) Check(maxBytes int) error {
	for _, e := range e.entries {
		if size := len(e.name) + len("=") + len(e.value) + len("\x00"); size > maxBytes {
			return fmt.Errorf("variable %s: %d bytes, the kernel takes %d at most; "+
				"let the application read this one itself, or store it in parts", show(e.name), size, maxBytes)
		}
	}
	return nil
}
