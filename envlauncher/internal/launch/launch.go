// Package launch is what every piggy-env does, wherever its values come from: it finds the references of its
// environment, gets their values, and becomes the application.
package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"piggysec.com/envlauncher/internal/allkeys"
	"piggysec.com/envlauncher/internal/command"
	"piggysec.com/envlauncher/internal/environment"
	"piggysec.com/envlauncher/internal/install"
	"piggysec.com/envlauncher/internal/report"
	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/selection"
	"piggysec.com/envlauncher/internal/settings"
)

const terminationLog = "/dev/termination-log"

// Question is what a launch needs to know.
type Question struct {
	Keys     []string
	Argv     []string
	Settings settings.Settings
	// Environment is the application's; references in it are not resolved yet.
	Environment environment.Environment
	Log         report.Log
}

// Try asks once. Its error is a retry.Transient where another try may help.
type Try func(context.Context) (selection.Selection, error)

// Source says where values come from. It fails where asking could only fail.
type Source func(Question) (Try, error)

// Run returns the exit code, and only when there is no application: when it failed, or has installed itself.
// 125 the launcher failed, 126 the command was found but cannot be executed, 127 it was not found; any other is
// the application's.
func Run(arguments, environ []string, source Source) int {
	err := run(arguments, environ, source)
	if err == nil {
		return 0
	}
	report.Failure(os.Stderr, terminationLog, err)
	switch {
	case errors.Is(err, command.ErrNotExecutable):
		return 126
	case errors.Is(err, command.ErrNotFound):
		return 127
	}
	return 125
}

func run(arguments, environ []string, source Source) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "install" && arguments[1] != "--standalone":
		return install.Into(arguments[1], install.Running)
	case len(arguments) == 3 && arguments[0] == "install" && arguments[1] == "--standalone":
		return install.Into(arguments[2], install.Standalone)
	case len(arguments) >= 2 && arguments[0] == "--":
		return launch(arguments[1:], environment.Parse(environ), source)
	}
	return errors.New("usage: piggy-env -- COMMAND [ARGUMENT…], or piggy-env install [--standalone] FOLDER")
}

// launch returns only when it failed. What the application gets is what it would get without us: our own
// variables are gone before anything can be expanded from them.
func launch(argv []string, all environment.Environment, source Source) error {
	chosen, err := settings.Parse(all.Value)
	if err != nil {
		return err
	}
	log := report.Log{Out: os.Stderr, Verbose: chosen.Debug}
	mark := environment.Mark(chosen.Mark)
	run, err := parseArguments(argv, mark, all.Value)
	if err != nil {
		return err
	}
	application, err := all.Without(append(settings.Names(), run.variables...)).Read(mark)
	if err != nil {
		return err
	}
	for _, name := range application.Suspects() {
		log.Warn("variable %s holds piggy: within its text, where it is no reference: only a value that begins with it is", name)
	}
	listed, err := allkeys.Parse(chosen.EnvFrom)
	if err != nil {
		return err
	}
	question := Question{
		Keys: withAllKeys(environment.Keys(application.References(), run.places...), listed), Argv: argv, Settings: chosen, Environment: application, Log: log,
	}
	found, err := fetch(question, listed, source)
	if err != nil {
		return err
	}
	found.Values = withDefaults(found.Values, question.Keys)
	if application, err = resolve(question, listed, found); err != nil {
		return err
	}
	return execute(argv[0], run.resolve(found.Values), application, log)
}

// resolve puts the values in the place of references, and all keys of the sources that are listed beside what is there.
func resolve(question Question, listed []allkeys.Source, found selection.Selection) (environment.Environment, error) {
	references := question.Environment.References()
	if err := accept(environment.Missing(references, found.Values), found.Hint, question); err != nil {
		return environment.Environment{}, err
	}
	application, err := question.Environment.Resolve(found.Values)
	if err != nil {
		return environment.Environment{}, err
	}
	return addAllKeys(application, listed, found, question)
}

// fetch asks, where there is anything to ask.
func fetch(question Question, listed []allkeys.Source, source Source) (selection.Selection, error) {
	log, chosen := question.Log, question.Settings
	log.Debug("references: %q", question.Keys)
	if len(question.Keys) == 0 {
		return selection.Selection{}, nil
	}
	if err := checkSources(question.Keys); err != nil {
		return selection.Selection{}, err
	}
	ask, err := source(question)
	if err != nil {
		return selection.Selection{}, err
	}
	log.Debug("first request in %s", chosen.InitialDelay)
	time.Sleep(chosen.InitialDelay)
	policy := retry.Policy{
		Within: time.Minute,
		Tries:  chosen.Tries,
		First:  100 * time.Millisecond,
		Most:   5 * time.Second,
		Jitter: retry.Jitter,
	}
	var found selection.Selection
	err = retry.Do(context.Background(), policy, func(ctx context.Context) (err error) {
		began := time.Now()
		found, err = ask(ctx)
		log.Debug("try of %s: %d of %d keys, error: %v", time.Since(began), len(found.Values), len(question.Keys), err)
		return err
	})
	return found, nameVariable(nameList(err, listed), question.Environment.References())
}

// accept decides whether the application may start without these variables. The hint says why they are missing.
func accept(missing []environment.Reference, hint string, question Question) error {
	missing = slices.DeleteFunc(missing, func(r environment.Reference) bool { return isOptional(r.Key) })
	if question.Settings.IgnoreNoEnv {
		for _, reference := range missing {
			text := fmt.Sprintf("variable %s is left unset: the secret has no such key; %s", reference, hint)
			question.Log.Warn("%s", strings.TrimSuffix(text, "; "))
		}
		return nil
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the secret has no key for %s; %s; or set the annotation piggysec.com/piggy-ignore-no-env: \"true\" to start without",
		environment.Names(missing), cmp.Or(hint, "add it there"))
}

// execute becomes the application. Errors name the command as its author wrote it, since a value may have been put into
// it.
func execute(written string, argv []string, application environment.Environment, log report.Log) error {
	if err := checkSizes(argv, application); err != nil {
		return err
	}
	file, err := command.Find(argv[0], application)
	if err != nil {
		return fmt.Errorf("command %q: %w", written, err)
	}
	log.Debug("execute %q with %d arguments", written, len(argv)-1)
	return fmt.Errorf("command %q: %w", written, command.Exec(file, argv, application))
}

func checkSizes(argv []string, application environment.Environment) error {
	maxBytes := 32 * os.Getpagesize() // MAX_ARG_STRLEN of the kernel: 128 KiB with pages of 4 KiB
	for i, argument := range argv {
		if size := len(argument) + len("\x00"); size > maxBytes {
			return fmt.Errorf("element %d of the command: %d bytes once expanded, the kernel takes %d at most", i, size, maxBytes)
		}
	}
	return application.Check(maxBytes)
}
