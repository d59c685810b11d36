// Package providertest makes what tests need to stand in for a provider. It is not part of the program.
package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Authority is a certificate authority of one test.
type Authority struct {
	PEM         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes an authority that nobody else trusts.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "piggy test authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	authority := Authority{certificate: template, key: newKey(t)}
	der := authority.sign(t, template, authority.key)
	authority.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return authority
}

// Serving returns a TLS configuration with a certificate for these names and addresses.
func (a Authority) Serving(t testing.TB, names ...string) *tls.Config {
	t.Helper()
	return a.ServingBetween(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), names...)
}

// ServingBetween is Serving with a certificate that is valid between these times only.
func (a Authority) ServingBetween(t testing.TB, begin, end time.Time, names ...string) *tls.Config {
	t.Helper()
	template := &x509.Certificate{
		NotBefore:   begin,
		NotAfter:    end,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key := newKey(t)
	certificate := tls.Certificate{Certificate: [][]byte{a.sign(t, template, key)}, PrivateKey: key}
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func (a Authority) sign(t testing.TB, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
