// References that say more than a key: what is done where there is no value, and which variable a failure is of.

package launch

import (
	"fmt"
	"strings"

	"piggysec.com/envlauncher/internal/environment"
	"piggysec.com/envlauncher/internal/reference"
)

// checkSources refuses more sources than a container may have.
func checkSources(keys []string) error {
	sources := map[reference.Source]bool{}
	for _, key := range keys {
		parsed, err := reference.Parse(key)
		if err != nil {
			return err
		}
		sources[parsed.Source] = true
	}
	if len(sources) <= reference.MaxSources {
		return nil
	}
	return fmt.Errorf("the container refers to %d secrets and parameters, and %d are the most; "+
		"put values together into one secret, or parameters under one path", len(sources), reference.MaxSources)
}

// withDefaults returns the values, and those that references give themselves where there is none.
func withDefaults(values map[string]string, keys []string) map[string]string {
	for _, key := range keys {
		if _, hasValue := values[key]; hasValue {
			continue
		}
		if parsed, err := reference.Parse(key); err == nil && parsed.Default != nil {
			values[key] = *parsed.Default
		}
	}
	return values
}

func isOptional(key string) bool {
	parsed, err := reference.Parse(key)
	return err == nil && parsed.Optional
}

// nameVariable adds the variable to a failure that is of one source among several.
func nameVariable(err error, references []environment.Reference) error {
	if err == nil {
		return nil
	}
	for _, r := range references {
		if strings.Contains(" "+err.Error(), " "+reference.Call(r.Key)+": ") {
			return fmt.Errorf("variable %s: %w", r.Variable, err)
		}
	}
	return err
}
