// Command piggy-env is the program that every injected container starts through. It asks the provider for the
// values of the references in its environment, and then becomes the application.
//
//	piggy-env -- COMMAND [ARGUMENT…]          in application containers
//	piggy-env install [--standalone] FOLDER   in the init container: copies itself, or the one that asks AWS itself
//
// Exit codes: 125 the launcher failed, 126 the command was found but cannot be executed, 127 it was not found;
// any other is the application's. Build: CGO_ENABLED=0 go build -tags nethttpomithttp2 -trimpath -ldflags "-s -w".
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"piggysec.com/envlauncher/internal/launch"
	"piggysec.com/envlauncher/internal/secrets"
	"piggysec.com/envlauncher/internal/selection"
	"piggysec.com/envlauncher/internal/signature"
)

func main() {
	os.Exit(launch.Run(os.Args[1:], os.Environ(), askProvider))
}

// askProvider is the source of the default binary.
func askProvider(question launch.Question) (launch.Try, error) {
	chosen := question.Settings
	if chosen.Standalone {
		return nil, errors.New("PIGGY_STANDALONE is true, but this piggy-env can only ask the provider; does inject-secrets " +
			"put the standalone one here? It takes an image with standalone mode, see piggysec.com/piggy-env-image")
	}
	if chosen.UID == "" {
		return nil, errors.New("PIGGY_UID is empty: this container was not injected; is the policy inject-secrets in place?")
	}
	client, err := secrets.NewClient(secrets.Config{
		Address:         chosen.Address,
		CA:              chosen.CA,
		SkipVerifyTLS:   chosen.SkipVerifyTLS,
		ResolverNetwork: chosen.ResolverNetwork,
		TokenFile:       chosen.TokenFile,
		ConnectWithin:   10 * time.Second,
		AnswerWithin:    20 * time.Second, // the provider itself gives up after 15
		StatusLag:       3 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	question.Log.Debug("ask the provider at %s", chosen.Address)
	asked := secrets.Question{UID: chosen.UID, Signature: signature.Of(question.Argv), References: question.Keys}
	return func(ctx context.Context) (selection.Selection, error) { return client.Ask(ctx, asked) }, nil
}
