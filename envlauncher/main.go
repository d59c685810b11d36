// Command piggy-env is the program that every injected container starts through. It asks the provider for the
// values of the references in its environment, and then becomes the application.
//
//	piggy-env -- COMMAND [ARGUMENT…]   in application containers
//	piggy-env install FOLDER           in the init container: copies itself
//
// Exit codes: 125 the launcher failed, 126 the command was found but cannot be executed, 127 it was not found;
// any other is the application's. Build: CGO_ENABLED=0 go build -trimpath -ldflags "-s -w".
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"piggysec.com/envlauncher/internal/command"
	"piggysec.com/envlauncher/internal/environment"
	"piggysec.com/envlauncher/internal/expansion"
	"piggysec.com/envlauncher/internal/install"
	"piggysec.com/envlauncher/internal/report"
	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/secrets"
	"piggysec.com/envlauncher/internal/settings"
	"piggysec.com/envlauncher/internal/signature"
)

const terminationLog = "/dev/termination-log"

func main() {
	if err := run(os.Args[1:], os.Environ()); err != nil {
		report.Failure(os.Stderr, terminationLog, err)
		os.Exit(exitCode(err))
	}
}

func run(arguments, environ []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "install":
		return install.Into(arguments[1])
	case len(arguments) >= 2 && arguments[0] == "--":
		return launch(arguments[1:], environment.Parse(environ))
	}
	return errors.New("usage: piggy-env -- COMMAND [ARGUMENT…], or piggy-env install FOLDER")
}

// launch returns only when it failed. What the application gets is what it would get without us: our own
// variables are gone before anything can be expanded from them.
func launch(argv []string, all environment.Environment) error {
	chosen, err := settings.Parse(all.Value)
	if err != nil {
		return err
	}
	log := report.Log{Out: os.Stderr, Verbose: chosen.Debug}
	application := all.Without(settings.Names())
	references, err := application.References()
	if err != nil {
		return err
	}
	keys := environment.Keys(references)
	values, err := fetch(secrets.Question{UID: chosen.UID, Signature: signature.Of(argv), References: keys}, chosen, log)
	if err != nil {
		return err
	}
	if err := accept(environment.Missing(references, values), chosen, log); err != nil {
		return err
	}
	if application, err = application.Resolve(values); err != nil {
		return err
	}
	return execute(argv, application.Expand(chosen.Expand), log)
}

// fetch asks the provider, where there is anything to ask.
func fetch(question secrets.Question, chosen settings.Settings, log report.Log) (map[string]string, error) {
	log.Debug("references: %q", question.References)
	if len(question.References) == 0 {
		return nil, nil
	}
	if err := canAsk(chosen); err != nil {
		return nil, err
	}
	client, err := secrets.NewClient(secrets.Config{
		Address:         chosen.Address,
		CA:              chosen.CA,
		SkipVerifyTLS:   chosen.SkipVerifyTLS,
		ResolverNetwork: chosen.ResolverNetwork,
		TokenFile:       chosen.TokenFile,
		ConnectWithin:   10 * time.Second,
		AnswerWithin:    20 * time.Second, // the provider itself gives up after 15
	})
	if err != nil {
		return nil, err
	}
	log.Debug("first request to %s in %s", chosen.Address, chosen.InitialDelay)
	time.Sleep(chosen.InitialDelay)
	policy := retry.Policy{
		Within: time.Minute,
		Tries:  chosen.Tries,
		First:  100 * time.Millisecond,
		Most:   5 * time.Second,
		Jitter: retry.Jitter,
	}
	var values map[string]string
	err = retry.Do(context.Background(), policy, func(ctx context.Context) (err error) {
		began := time.Now()
		values, err = client.Ask(ctx, question)
		log.Debug("try of %s: %d of %d keys, error: %v", time.Since(began), len(values), len(question.References), err)
		return err
	})
	return values, err
}

func canAsk(chosen settings.Settings) error {
	if chosen.Standalone {
		return errors.New("PIGGY_STANDALONE is true, but this piggy-env can only ask the provider; " +
			"remove the annotation piggysec.com/standalone, or set piggysec.com/piggy-env-image to one with standalone mode")
	}
	if chosen.UID == "" {
		return errors.New("PIGGY_UID is empty: this container was not injected; is the policy inject-secrets in place?")
	}
	return nil
}

// accept decides whether the application may start without these variables.
func accept(missing []environment.Reference, chosen settings.Settings, log report.Log) error {
	for _, reference := range missing {
		if chosen.IgnoreNoEnv {
			log.Warn("variable %s is left unset: the secret has no such key", reference)
		}
	}
	if len(missing) == 0 || chosen.IgnoreNoEnv {
		return nil
	}
	return fmt.Errorf("the secret has no key for %s; "+
		`add it there, or set the annotation piggysec.com/piggy-ignore-no-env: "true" to start without`, environment.Names(missing))
}

// execute becomes the application. Errors name the command as its author wrote it, since a value may have been
// expanded into it.
func execute(argv []string, application environment.Environment, log report.Log) error {
	expanded := make([]string, 0, len(argv))
	for _, argument := range argv {
		expanded = append(expanded, expansion.Text(argument, application.Lookup))
	}
	if err := checkSizes(expanded, application); err != nil {
		return err
	}
	file, err := command.Find(expanded[0], application)
	if err != nil {
		return fmt.Errorf("command %q: %w", argv[0], err)
	}
	log.Debug("execute %q with %d arguments", argv[0], len(argv)-1)
	return fmt.Errorf("command %q: %w", argv[0], command.Exec(file, expanded, application))
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

func exitCode(err error) int {
	switch {
	case errors.Is(err, command.ErrNotExecutable):
		return 126
	case errors.Is(err, command.ErrNotFound):
		return 127
	}
	return 125
}
