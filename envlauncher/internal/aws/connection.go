// How AWS is reached: one HTTP client, without redirects, that gives up.

package aws

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"piggysec.com/envlauncher/internal/resolver"
)

// A secret has 64 KiB at most, a page of parameters ten times 8 KiB.
const maxResponseBytes = 8 << 20

var errTooLarge = fmt.Errorf("the answer is over %d MiB", maxResponseBytes>>20)

// connector makes HTTP clients.
type connector struct {
	roots           *x509.CertPool
	resolverNetwork string
	connectWithin   time.Duration
	answerWithin    time.Duration
}

// client returns a client that asks through proxy, where that is not nil.
func (c connector) client(proxy func(*http.Request) (*url.URL, error)) *http.Client {
	dialer := &net.Dialer{Timeout: c.connectWithin, Resolver: resolver.Over(c.resolverNetwork)}
	transport := &http.Transport{
		Proxy:               proxy,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots},
		TLSHandshakeTimeout: c.connectWithin,
	}
	return &http.Client{
		Transport: bounded{transport},
		Timeout:   c.answerWithin,
		// A redirect would take the signature, or a token, along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// readRoots returns what AWS_CA_BUNDLE names; else the image's own, or ours where the image has none.
func readRoots(bundleFile string, readSystem func() (*x509.CertPool, error)) (*x509.CertPool, error) {
	if bundleFile != "" {
		pem, err := os.ReadFile(bundleFile)
		if err != nil {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %s holds no certificate in PEM format", bundleFile)
		}
		return pool, nil
	}
	system, err := readSystem()
	if err == nil && !system.Equal(x509.NewCertPool()) {
		return system, nil
	}
	return bundledRoots()
}

// bundledRoots are for images such as those FROM scratch.
func bundledRoots() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, err
		}
		if root.Constraint == nil {
			pool.AddCert(certificate)
		} else {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool, nil
}

// bounded fails where a body has no end.
type bounded struct{ transport http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.transport.RoundTrip(request)
	if err == nil {
		response.Body = &boundedBody{ReadCloser: response.Body, left: maxResponseBytes}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(buffer []byte) (int, error) {
	if b.left == 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(buffer[:min(len(buffer), b.left)])
	b.left -= n
	return n, err
}
