// Package secrets asks the provider for the values of references.
package secrets

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"piggysec.com/envlauncher/internal/clock"
	"piggysec.com/envlauncher/internal/resolver"
	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/selection"
)

// Config says where the provider is and how it is known to be the provider.
type Config struct {
	Address         string // https://host[:port][/path]
	CA              string // PEM; nothing else is trusted
	SkipVerifyTLS   bool
	ResolverNetwork string // of the Go resolver; empty = its own choice
	TokenFile       string
	ConnectWithin   time.Duration // name, connection and handshake
	AnswerWithin    time.Duration // one try as a whole
	StatusLag       time.Duration // how late Kubernetes may show a restart: until then a closed window may be the former start's
}

// Client asks one provider, for one launch.
type Client struct {
	config     Config
	endpoint   *url.URL
	dialer     tls.Dialer
	firstAsked time.Time
}

// NewClient refuses what could only fail later, naming the variable that is wrong.
func NewClient(config Config) (*Client, error) {
	endpoint, err := parseAddress(config.Address)
	if err != nil {
		return nil, err
	}
	trust := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         endpoint.Hostname(),
		NextProtos:         []string{"http/1.1"},
		InsecureSkipVerify: config.SkipVerifyTLS,
	}
	if !config.SkipVerifyTLS {
		if trust.RootCAs, err = parseCA(config.CA); err != nil {
			return nil, err
		}
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Resolver: resolver.Over(config.ResolverNetwork)}, Config: trust}
	return &Client{config: config, endpoint: endpoint, dialer: dialer}, nil
}

func parseAddress(address string) (*url.URL, error) {
	endpoint, err := url.Parse(address)
	if err != nil || endpoint.Scheme != "https" || endpoint.Hostname() == "" || endpoint.User != nil ||
		endpoint.RawQuery != "" || endpoint.Fragment != "" {
		return nil, fmt.Errorf("PIGGY_ADDRESS is %q, but must be https://host[:port]", address)
	}
	return endpoint.JoinPath("v1", "secret"), nil
}

func parseCA(text string) (*x509.CertPool, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("PIGGY_CA is empty, so the provider cannot be verified; " +
			"is ca.crt in the ConfigMap piggy-ca? Create the Pod again when it is")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, errors.New("PIGGY_CA holds no certificate in PEM format; see ca.crt in the ConfigMap piggy-ca")
	}
	return pool, nil
}

// Ask makes one try. Its error is a retry.Transient where another one may help.
func (c *Client) Ask(ctx context.Context, question Question) (selection.Selection, error) {
	if c.firstAsked.IsZero() {
		c.firstAsked = time.Now()
	}
	// The kubelet replaces the token before it expires, so each try reads it again.
	token, err := readToken(c.config.TokenFile)
	if err != nil {
		return selection.Selection{}, err
	}
	body, err := question.encode()
	if err != nil {
		return selection.Selection{}, err
	}
	request, err := http.NewRequest(http.MethodPost, c.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return selection.Selection{}, err
	}
	request.Close = true
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "piggy-env")
	found, err := c.ask(ctx, request, question)
	if err != nil {
		return selection.Selection{}, fmt.Errorf("POST %s: %w", c.endpoint, err)
	}
	return found, nil
}

func (c *Client) ask(ctx context.Context, request *http.Request, question Question) (selection.Selection, error) {
	response, err := c.exchange(ctx, request)
	if err != nil {
		return selection.Selection{}, classify(err)
	}
	if response.status != http.StatusOK {
		mayLag := time.Since(c.firstAsked) < c.config.StatusLag
		return selection.Selection{}, question.explain(refusal(response, mayLag))
	}
	return parseAnswer(response.body, question.References)
}

func readToken(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", fmt.Errorf("read %s: it is empty", file)
	}
	return token, nil
}

// classify tells failures of the network, which may pass, from a server that is not the provider.
func classify(err error) error {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &retry.Transient{Cause: err}
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%w; PIGGY_CA is the CA that this Pod was admitted with, "+
			"so create the Pod again if the CA was replaced since", err)
	}
	return fmt.Errorf("%w%s", err, clock.AgainstCertificate(err, time.Now()))
}
