// Command standalone is the piggy-env of standalone mode: it asks AWS itself for the values of the references in its
// environment, with the Pod's own identity, and then becomes the application. It is used as ../main.go says.
package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"piggysec.com/envlauncher/internal/aws"
	"piggysec.com/envlauncher/internal/launch"
	"piggysec.com/envlauncher/internal/secretstore"
	"piggysec.com/envlauncher/internal/selection"
)

func main() {
	os.Exit(launch.Run(os.Args[1:], os.Environ(), askSecretStore))
}

// askSecretStore is the source of the standalone binary.
func askSecretStore(question launch.Question) (launch.Try, error) {
	chosen := question.Settings
	if !chosen.Standalone {
		return nil, errors.New("PIGGY_STANDALONE is not true, but this piggy-env only asks AWS itself; " +
			"does inject-secrets put the other one here?")
	}
	// As the application would see them, but for references: no secret is known yet.
	env := question.Environment.Plain
	if err := becomeEnvironment(question.Environment.AllPlain()); err != nil {
		return nil, err
	}
	questions, err := aws.Questions(question.Keys, secretstore.Settings{
		SecretID:      chosen.SecretName,
		Version:       chosen.SecretVersion,
		ParameterPath: chosen.ParameterPath,
		Region:        chosen.Region,
		DefaultRegion: cmp.Or(env("AWS_REGION"), env("AWS_DEFAULT_REGION")),
	})
	if err != nil {
		return nil, err
	}
	client, err := aws.NewClient(aws.Config{
		Env:             env,
		ResolverNetwork: chosen.ResolverNetwork,
		ConnectWithin:   3 * time.Second,
		AnswerWithin:    10 * time.Second,
	}, questions[0].Source)
	if err != nil {
		return nil, err
	}
	for _, one := range questions {
		question.Log.Debug("ask AWS for %s in %s", one.Source.Resource(), one.Source.Region)
	}
	reader := secretstore.Reader{ServiceAccount: chosen.ServiceAccount, AllowListRequired: chosen.EnforceServiceAccount}
	return func(ctx context.Context) (selection.Selection, error) { return client.ReadAll(ctx, questions, reader) }, nil
}

// becomeEnvironment replaces the variables of this process, which Go's library reads by itself (HTTPS_PROXY, NO_PROXY,
// SSL_CERT_FILE): the kubelet's still hold the marks of admission. The application gets its own by execve.
func becomeEnvironment(variables map[string]string) error {
	os.Clearenv()
	for name, value := range variables {
		if name == "" {
			continue // such as "=C:", which nobody reads
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
