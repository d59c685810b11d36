// Package environment holds the variables of a process and says how references in them become values.
package environment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"piggysec.com/envlauncher/internal/expansion"
)

// Environment is an ordered list of variables. It is never changed: each step returns a new one.
type Environment struct {
	entries []entry
	index   map[string]int // name → place in entries
}

type entry struct {
	name  string
	value string
	// isBare marks an entry without "=". It is no variable; the application gets it as it came.
	isBare bool
	// isSecret marks a value that came from the secret store: it is text, and nothing in it is expanded.
	isSecret bool
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

// Expand replaces $(NAME) in the named variables. The names come in the order of the Pod's env list, and as
// with the kubelet a variable sees only what stands before it: itself and a later one stay as written. The
// place of a variable that is not named is unknown here (the kubelet hands variables over in no order), so
// it counts as standing before.
func (e Environment) Expand(names []string) Environment {
	expanded := Environment{entries: slices.Clone(e.entries), index: maps.Clone(e.index)}
	for i, name := range names {
		at, isSet := expanded.index[name]
		if !isSet || expanded.entries[at].isSecret {
			continue
		}
		expanded.entries[at].value = expansion.Text(expanded.entries[at].value, func(other string) (string, bool) {
			if slices.Contains(names[i:], other) {
				return "", false
			}
			return expanded.Lookup(other)
		})
	}
	return expanded
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
