// Whose credentials ask: those in the environment, IRSA, or EKS Pod Identity, in the order of AWS's own SDKs.
// Not the node's: they are no identity of the Pod.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html

package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var errNoIdentity = errors.New("the Pod has no AWS identity: neither IRSA (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN) " +
	"nor EKS Pod Identity (AWS_CONTAINER_CREDENTIALS_FULL_URI); annotate its service account with a role, " +
	"or remove piggysec.com/standalone so that the provider asks AWS")

// retrieve is an aws.CredentialsProvider.
type retrieve func(context.Context) (aws.Credentials, error)

func (r retrieve) Retrieve(ctx context.Context) (aws.Credentials, error) { return r(ctx) }

func (c *Client) selectCredentials() (aws.CredentialsProvider, error) {
	env := c.config.Env
	switch {
	case env("AWS_ACCESS_KEY_ID") != "" && env("AWS_SECRET_ACCESS_KEY") != "":
		return retrieve(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     env("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    env("AWS_SESSION_TOKEN"),
			}, nil
		}), nil
	case env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && env("AWS_ROLE_ARN") != "":
		return aws.NewCredentialsCache(retrieve(c.assumeRole)), nil
	case env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		endpoint, err := parseCredentialsEndpoint(env("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		if err != nil {
			return nil, err
		}
		return aws.NewCredentialsCache(retrieve(func(ctx context.Context) (aws.Credentials, error) {
			return c.askEndpoint(ctx, endpoint)
		})), nil
	}
	return nil, errNoIdentity
}

// identityToken is a token that was read already, so that its errors are not lost in the SDK's.
type identityToken []byte

func (t identityToken) GetIdentityToken() ([]byte, error) { return t, nil }

// assumeRole is IRSA.
func (c *Client) assumeRole(ctx context.Context) (aws.Credentials, error) {
	env := c.config.Env
	role, region := env("AWS_ROLE_ARN"), cmp.Or(env("AWS_REGION"), c.source.Region)
	token, err := readToken(env("AWS_WEB_IDENTITY_TOKEN_FILE"))
	if err != nil {
		return aws.Credentials{}, err
	}
	client := sts.New(sts.Options{
		Region:          region,
		BaseEndpoint:    c.endpoint("STS"),
		EndpointOptions: sts.EndpointResolverOptions{UseFIPSEndpoint: c.fips(), UseDualStackEndpoint: c.dualStack()},
		HTTPClient:      c.connector.client(http.ProxyFromEnvironment),
		Retryer:         aws.NopRetryer{},
	})
	provider := stscreds.NewWebIdentityRoleProvider(client, role, identityToken(token), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = cmp.Or(env("AWS_ROLE_SESSION_NAME"), "piggy-env")
	})
	found, err := provider.Retrieve(ctx)
	return found, explain(call{action: "sts:AssumeRoleWithWebIdentity", resource: "role " + role, region: region}, err)
}

// askEndpoint is EKS Pod Identity. Its agent is on the node: no proxy leads there.
func (c *Client) askEndpoint(ctx context.Context, endpoint string) (aws.Credentials, error) {
	token := c.config.Env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := c.config.Env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		var err error
		if token, err = readToken(file); err != nil {
			return aws.Credentials{}, err
		}
	}
	found, err := endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
		o.AuthorizationToken = token
		o.HTTPClient = c.connector.client(nil)
		o.Retryer = aws.NopRetryer{}
	}).Retrieve(ctx)
	asked := call{action: "credentials", resource: "EKS Pod Identity at " + endpoint, region: c.source.Region}
	if err == nil && !found.HasKeys() {
		err = &failure{text: asked.String() + ": the answer holds no credentials; does AWS_CONTAINER_CREDENTIALS_FULL_URI lead to its agent?"}
	}
	return found, explain(asked, err)
}

func readToken(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", &failure{text: err.Error()}
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", &failure{text: fmt.Sprintf("read %s: it holds no token", file)}
	}
	return token, nil
}

// parseCredentialsEndpoint lets the token go only to where AWS says it may: over TLS, or to the node.
func parseCredentialsEndpoint(text string) (string, error) {
	endpoint, err := url.Parse(text)
	if err != nil || endpoint.Host == "" || endpoint.User != nil {
		return "", errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL")
	}
	isSafe := endpoint.Scheme == "https" || endpoint.Scheme == "http" && isOnNode(endpoint.Hostname())
	if !isSafe {
		return "", fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI leads to %s, but must be https, or http to loopback "+
			"or the agent of EKS Pod Identity", net.JoinHostPort(endpoint.Hostname(), endpoint.Port()))
	}
	return text, nil
}

func isOnNode(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	agents := []netip.Addr{
		netip.AddrFrom4([4]byte{169, 254, 170, 2}), netip.AddrFrom4([4]byte{169, 254, 170, 23}),
		netip.AddrFrom16([16]byte{0xfd, 0, 0x0e, 0xc2, 15: 0x23}),
	}
	for _, agent := range agents {
		if address == agent {
			return true
		}
	}
	return address.IsLoopback()
}
