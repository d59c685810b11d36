// Package clock says when this node's clock is the likely cause of a failure. Its remarks are empty, or follow on the failure's text.
package clock

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// What a date in whole seconds, a slow answer and clocks that are kept well differ by is less.
const tolerated = 30 * time.Second

// AgainstAnswer compares with the Date of an answer (RFC 9110, section 6.6.1) that came just now.
func AgainstAnswer(date string, now time.Time) string {
	sent, err := http.ParseTime(date)
	if err != nil {
		return ""
	}
	switch behind := sent.Sub(now); {
	case behind > tolerated:
		return fmt.Sprintf("; this node's clock is %s behind the provider's, so its containers look as much older than they are: "+
			"correct that clock, or a restart may not help", describe(behind))
	case -behind > tolerated:
		return fmt.Sprintf("; this node's clock is %s ahead of the provider's: correct whichever is wrong", describe(-behind))
	}
	return ""
}

// AgainstCertificate looks at a certificate that is refused for its time.
func AgainstCertificate(err error, now time.Time) string {
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.Expired || invalid.Cert == nil {
		return ""
	}
	if now.Before(invalid.Cert.NotBefore) {
		return "; this node's clock is likely behind: correct it"
	}
	return "; the certificate was not renewed, or this node's clock is ahead"
}

func describe(length time.Duration) string {
	switch {
	case length < 2*time.Minute:
		return fmt.Sprintf("%d seconds", length/time.Second)
	case length < 2*time.Hour:
		return fmt.Sprintf("%d minutes", length.Round(time.Minute)/time.Minute)
	}
	return fmt.Sprintf("%d hours", length.Round(time.Hour)/time.Hour)
}
