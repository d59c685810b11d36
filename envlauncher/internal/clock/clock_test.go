package clock

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func TestAgainstAnswer(t *testing.T) {
	cases := map[string]string{
		"Sun, 22 Nov 2026 10:00:00 GMT": "",
		"Sun, 22 Nov 2026 10:00:30 GMT": "",
		"Sun, 22 Nov 2026 09:59:30 GMT": "",
		"Sun, 22 Nov 2026 10:00:31 GMT": "this node's clock is 31 seconds behind the provider's",
		"Sun, 22 Nov 2026 10:01:59 GMT": "119 seconds behind",
		"Sun, 22 Nov 2026 10:05:29 GMT": "5 minutes behind",
		"Sun, 22 Nov 2026 13:00:00 GMT": "3 hours behind",
		"Sun, 22 Nov 2026 09:59:29 GMT": "this node's clock is 31 seconds ahead of the provider's",
		"Sun, 22 Nov 2026 09:50:00 GMT": "10 minutes ahead",
		"":                              "",
		"soon":                          "",
		"2026-11-22T12:00:00Z":          "",
	}
	for date, expected := range cases {
		t.Run("Date: "+date, func(t *testing.T) {
			got := AgainstAnswer(date, now)
			if !strings.Contains(got, expected) || (got == "") != (expected == "") {
				t.Errorf("got %q, expected %q", got, expected)
			}
		})
	}
}

func TestAgainstCertificate(t *testing.T) {
	certificate := &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	refused := func(reason x509.InvalidReason) error {
		return fmt.Errorf("connect: %w", x509.CertificateInvalidError{Cert: certificate, Reason: reason})
	}
	cases := map[string]struct {
		err      error
		now      time.Time
		expected string
	}{
		"a certificate that is not valid yet": {refused(x509.Expired), now.Add(-2 * time.Hour), "; this node's clock is likely behind: correct it"},
		"a certificate that has expired":      {refused(x509.Expired), now.Add(2 * time.Hour), "; the certificate was not renewed, or this node's clock is ahead"},
		"a certificate with another fault":    {refused(x509.NotAuthorizedToSign), now.Add(-2 * time.Hour), ""},
		"another failure":                     {errors.New("x509: certificate has expired or is not yet valid"), now, ""},
		"no failure":                          {nil, now, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := AgainstCertificate(c.err, c.now); got != c.expected {
				t.Errorf("got %q", got)
			}
		})
	}
}
