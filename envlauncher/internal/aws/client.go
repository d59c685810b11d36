// Package aws reads secrets of Secrets Manager and parameters of Parameter Store with the Pod's own identity.
package aws

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"piggysec.com/envlauncher/internal/secretstore"
	"piggysec.com/envlauncher/internal/selection"
)

// AWS gives ten in an answer; a path as "/" could hold tens of thousands.
const maxParameters = 1000

// Config says how AWS is reached.
type Config struct {
	// Env returns a variable of the container, empty where it is not set. AWS's own variables count, for example
	// AWS_ROLE_ARN, AWS_ENDPOINT_URL and AWS_CA_BUNDLE.
	Env             func(name string) string
	ResolverNetwork string // of the Go resolver; empty = its own choice
	ConnectWithin   time.Duration
	AnswerWithin    time.Duration // one call
}

// Client reads one source.
type Client struct {
	config      Config
	source      secretstore.Source
	connector   connector
	http        *http.Client
	credentials aws.CredentialsProvider
}

// NewClient refuses what could only fail later.
func NewClient(config Config, source secretstore.Source) (*Client, error) {
	roots, err := readRoots(config.Env("AWS_CA_BUNDLE"), x509.SystemCertPool)
	if err != nil {
		return nil, err
	}
	client := &Client{config: config, source: source, connector: connector{
		roots:           roots,
		resolverNetwork: config.ResolverNetwork,
		connectWithin:   config.ConnectWithin,
		answerWithin:    config.AnswerWithin,
	}}
	client.http = client.connector.client(http.ProxyFromEnvironment)
	client.credentials, err = client.selectCredentials()
	return client, err
}

// of returns a client of another source, with the same identity.
func (c *Client) of(source secretstore.Source) *Client {
	other := *c
	other.source = source
	return &other
}

// Read makes one try: it reads the source, lets its allow-lists decide, and selects what
// was asked for. Its error is a retry.Transient where another try may help.
func (c *Client) Read(ctx context.Context, wanted []secretstore.Wanted, reader secretstore.Reader) (selection.Selection, error) {
	contents, err := c.readContents(ctx)
	if err != nil {
		return selection.Selection{}, told(err)
	}
	return c.selectFrom(contents, wanted, reader)
}

// selectFrom lets each of the contents decide, and gives out what is in the first.
func (c *Client) selectFrom(contents []secretstore.Content, wanted []secretstore.Wanted, reader secretstore.Reader) (selection.Selection, error) {
	for _, content := range contents {
		if err := content.Check(reader, c.source.Resource()); err != nil {
			return selection.Selection{}, err
		}
	}
	return contents[0].Select(wanted)
}

// readContents returns what was asked for, and after it what also decides who may have it.
func (c *Client) readContents(ctx context.Context) ([]secretstore.Content, error) {
	if c.source.ParameterPath != "" {
		content, err := c.readParameters(ctx)
		return []secretstore.Content{content}, err
	}
	wanted, err := c.readWanted(ctx)
	if err != nil || c.source.VersionStage == secretstore.Current {
		return []secretstore.Content{wanted}, err
	}
	// Who was taken off the list must not come in through an old version that still names them.
	current, err := c.readSecret(ctx, version{stage: secretstore.Current})
	return []secretstore.Content{wanted, current}, err
}

// readWanted reads the version that was asked for.
func (c *Client) readWanted(ctx context.Context) (secretstore.Content, error) {
	if c.source.VersionStage != "" {
		return c.readSecret(ctx, version{stage: c.source.VersionStage})
	}
	content, err := c.readSecret(ctx, version{id: c.source.VersionID})
	var known *failure
	if errors.As(err, &known) && known.isMissing && !c.source.IsOnlyID {
		return c.readSecret(ctx, version{stage: c.source.VersionID})
	}
	return content, err
}

// version has one of both.
type version struct{ id, stage string }

func (c *Client) readSecret(ctx context.Context, version version) (secretstore.Content, error) {
	client := secretsmanager.New(secretsmanager.Options{
		Region:          c.source.Region,
		Credentials:     c.credentials,
		BaseEndpoint:    c.endpoint("SECRETS_MANAGER"),
		EndpointOptions: secretsmanager.EndpointResolverOptions{UseFIPSEndpoint: c.fips(), UseDualStackEndpoint: c.dualStack()},
		HTTPClient:      c.http,
		Retryer:         aws.NopRetryer{}, // the launcher has its own
	})
	answer, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &c.source.SecretID, VersionId: notEmpty(version.id), VersionStage: notEmpty(version.stage),
	})
	asked := call{action: "secretsmanager:GetSecretValue", resource: c.source.Resource(), region: c.source.Region}
	switch {
	case err != nil:
		return secretstore.Content{}, explain(asked, err)
	case answer.SecretString != nil:
		return secretstore.ParseString(*answer.SecretString)
	case answer.SecretBinary != nil:
		return secretstore.ParseBinary(answer.SecretBinary), nil
	}
	return secretstore.Content{}, &failure{text: asked.String() + ": it has no value", isAbsent: true}
}

func (c *Client) readParameters(ctx context.Context) (secretstore.Content, error) {
	path, asked := c.source.ParameterPath, call{action: "ssm:GetParametersByPath", resource: c.source.Resource(), region: c.source.Region}
	pages := ssm.NewGetParametersByPathPaginator(c.parameterStore(), &ssm.GetParametersByPathInput{
		Path: &path, Recursive: aws.Bool(true), WithDecryption: aws.Bool(true),
	})
	var parameters []secretstore.Parameter
	under := strings.TrimSuffix(path, "/") + "/"
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return secretstore.Content{}, explain(asked, err)
		}
		for _, parameter := range page.Parameters {
			// What was asked for is this path, so nothing else may come out of it.
			if name := aws.ToString(parameter.Name); path == "/" || strings.HasPrefix(name, under) {
				parameters = append(parameters, secretstore.Parameter{Name: name, Value: aws.ToString(parameter.Value)})
			}
		}
		if len(parameters) > maxParameters {
			return secretstore.Content{}, fmt.Errorf("annotation piggysec.com/aws-ssm-parameter-path: more than %d parameters are under %s; name a deeper path", maxParameters, path)
		}
	}
	if len(parameters) == 0 {
		return secretstore.Content{}, &failure{text: asked.String() + ": there is no parameter; check path and region", isAbsent: true}
	}
	return secretstore.ParseParameters(parameters), nil
}

func (c *Client) parameterStore() *ssm.Client {
	return ssm.New(ssm.Options{
		Region:          c.source.Region,
		Credentials:     c.credentials,
		BaseEndpoint:    c.endpoint("SSM"),
		EndpointOptions: ssm.EndpointResolverOptions{UseFIPSEndpoint: c.fips(), UseDualStackEndpoint: c.dualStack()},
		HTTPClient:      c.http,
		Retryer:         aws.NopRetryer{},
	})
}

// endpoint returns what takes the place of AWS's own address, if anything does.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (c *Client) endpoint(service string) *string {
	if c.config.Env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true" {
		return nil
	}
	return notEmpty(cmp.Or(c.config.Env("AWS_ENDPOINT_URL_"+service), c.config.Env("AWS_ENDPOINT_URL")))
}

func (c *Client) fips() aws.FIPSEndpointState {
	if c.config.Env("AWS_USE_FIPS_ENDPOINT") == "true" {
		return aws.FIPSEndpointStateEnabled
	}
	return aws.FIPSEndpointStateDisabled
}

func (c *Client) dualStack() aws.DualStackEndpointState {
	if c.config.Env("AWS_USE_DUALSTACK_ENDPOINT") == "true" {
		return aws.DualStackEndpointStateEnabled
	}
	return aws.DualStackEndpointStateDisabled
}

func notEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
