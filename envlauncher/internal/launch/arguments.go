// How $(NAME) in command and args becomes what the kubelet would have put in, with secret values for references.

package launch

import (
	"fmt"
	"slices"

	"piggysec.com/envlauncher/internal/environment"
	"piggysec.com/envlauncher/internal/expansion"
)

// arguments is the argv of a wrapped container.
type arguments struct {
	// written is the author's text: errors name the command by it, since a value may have been put into the other.
	written []string
	// places are what the kubelet put in for each $(NAME) of it, in their order.
	places []environment.Text
	// variables are those that held them.
	variables []string
	// isOpaque means that nothing is put in: the container was not wrapped by admission.
	isOpaque bool
}

// parseArguments finds the places in PIGGY_EXPAND_0, PIGGY_EXPAND_1 and so on: one for each text that has names.
func parseArguments(written []string, mark environment.Mark, variable func(name string) string) (arguments, error) {
	if mark == "" {
		return arguments{written: written, isOpaque: true}, nil
	}
	parsed := arguments{written: written}
	for _, argument := range written {
		names := countNames(argument)
		if names == 0 {
			continue
		}
		holder := fmt.Sprintf("PIGGY_EXPAND_%d", len(parsed.variables))
		places, err := mark.ReadPlaces(variable(holder))
		if err != nil {
			return arguments{}, fmt.Errorf("a variable in the command %w", err)
		}
		if len(places) != names {
			return arguments{}, fmt.Errorf("%s does not belong to this command; create the Pod again, so that admission writes it", holder)
		}
		parsed.places = append(parsed.places, places...)
		parsed.variables = append(parsed.variables, holder)
	}
	return parsed, nil
}

func countNames(text string) (names int) {
	expansion.Text(text, func(string) (string, bool) {
		names++
		return "", false
	})
	return names
}

// resolve returns what is executed. $(NAME) stays as written where the value has a reference without a value.
func (a arguments) resolve(values map[string]string) []string {
	if a.isOpaque {
		return a.written
	}
	next := 0
	put := func(string) (string, bool) {
		place := a.places[next]
		next++
		isMissing := slices.ContainsFunc(place.Keys(), func(key string) bool { _, hasValue := values[key]; return !hasValue })
		return place.Resolve(values, nil), !isMissing
	}
	argv := make([]string, 0, len(a.written))
	for _, argument := range a.written {
		argv = append(argv, expansion.Text(argument, put))
	}
	return argv
}
