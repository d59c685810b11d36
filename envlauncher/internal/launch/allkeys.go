// All keys of sources, which the annotation piggysec.com/env-from lists.

package launch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"piggysec.com/envlauncher/internal/allkeys"
	"piggysec.com/envlauncher/internal/environment"
	"piggysec.com/envlauncher/internal/reference"
	"piggysec.com/envlauncher/internal/selection"
)

// withAllKeys adds what is asked for them, each text once and sorted.
func withAllKeys(keys []string, listed []allkeys.Source) []string {
	for _, source := range listed {
		keys = append(keys, source.Text)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// addAllKeys: what the environment has already counts.
func addAllKeys(application environment.Environment, listed []allkeys.Source, found selection.Selection, question Question) (environment.Environment, error) {
	all, err := allkeys.Read(listed, found.Values, allkeys.ParseAllowed(question.Settings.EnvFromMaySet))
	if err != nil {
		return environment.Environment{}, err
	}
	if len(all.Mistakes) > 0 && !question.Settings.IgnoreNoEnv {
		return environment.Environment{}, fmt.Errorf("%s; or set the annotation piggysec.com/piggy-ignore-no-env: \"true\" to start without",
			strings.Join(append(texts(all.Mistakes), cmp.Or(found.Hint, "correct it there")), "; "))
	}
	for _, mistake := range all.Mistakes {
		question.Log.Warn("%v: left out", mistake)
	}
	return application.With(all.Values), nil
}

func texts(mistakes []error) []string {
	var texts []string
	for _, mistake := range mistakes {
		texts = append(texts, mistake.Error())
	}
	return texts
}

// nameList adds the annotation to a failure that is of one source among several.
func nameList(err error, listed []allkeys.Source) error {
	if err == nil {
		return nil
	}
	for _, source := range listed {
		if strings.Contains(" "+err.Error(), " "+reference.Call(source.Text)+": ") {
			return fmt.Errorf("annotation piggysec.com/env-from: %w", err)
		}
	}
	return err
}
