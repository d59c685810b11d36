// What a failed call of AWS means. Nothing of AWS's own text is passed on but the name of the error: it can quote
// what was sent or answered.

package aws

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"piggysec.com/envlauncher/internal/clock"
	"piggysec.com/envlauncher/internal/retry"
)

// call is what was asked of AWS.
type call struct {
	action   string // as IAM names it, such as "secretsmanager:GetSecretValue"
	resource string // such as "secret shop/api"
	region   string
}

func (c call) String() string { return fmt.Sprintf("%s of %s in %s", c.action, c.resource, c.region) }

// failure is told already; what the SDK wraps around it on its way up does not count.
type failure struct {
	text        string
	isTransient bool
	isMissing   bool          // AWS knows no such secret, or not in this version
	isAbsent    bool          // that, or there is none to be read: it is marked for deletion, or has no value
	after       time.Duration // what AWS asks to wait
}

func (f *failure) Error() string { return f.text }

// told returns the error that people get to see, a retry.Transient where another try may help.
func told(err error) error {
	var known *failure
	if !errors.As(err, &known) {
		return err
	}
	if known.isTransient {
		return &retry.Transient{Cause: known, After: known.after}
	}
	return known
}

// explain says what the failure of a call means, and what to do.
func explain(asked call, err error) error {
	var known *failure
	if err == nil || errors.As(err, &known) {
		return err
	}
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return explainAnswer(asked, answer.ErrorCode(), err)
	}
	if status, _ := statusOf(err); status >= 300 {
		return explainAnswer(asked, "", err)
	}
	reason, isTransient := explainNetwork(err)
	return &failure{text: fmt.Sprintf("%s: %s", asked, reason), isTransient: isTransient}
}

func explainAnswer(asked call, code string, err error) error {
	status, after := statusOf(err)
	f := &failure{after: after, isMissing: code == "ResourceNotFoundException"}
	f.isAbsent = f.isMissing || code == "InvalidRequestException" || code == "ParameterNotFound"
	f.isTransient = status >= 500 || status == http.StatusTooManyRequests || isThrottled(code) || code == "IDPCommunicationError"
	f.text = fmt.Sprintf("%s: %s%s", asked, answerName(code, status), adviceOn(asked, code, f.isTransient))
	return f
}

// answerName is the name of the error, where it looks like one.
func answerName(code string, status int) string {
	name := "HTTP status " + strconv.Itoa(status)
	if regexp.MustCompile(`^[A-Za-z.]{1,80}$`).MatchString(code) {
		name = code + ", " + name
	}
	return name
}

func isThrottled(code string) bool {
	for _, part := range []string{"Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"} {
		if strings.Contains(code, part) {
			return true
		}
	}
	return false
}

func adviceOn(asked call, code string, isTransient bool) string {
	switch code {
	case "ResourceNotFoundException", "ParameterNotFound":
		return "; it does not exist, or not in this version: check name, region and version"
	case "InvalidRequestException":
		return "; is it marked for deletion, or without a value?"
	case "InvalidParameterException", "ValidationException":
		return "; AWS does not take this name, path or version: correct the annotation"
	case "AccessDeniedException", "DecryptionFailure":
		return "; allow it to the Pod's role, and kms:Decrypt where the secret has its own key"
	case "AccessDenied", "InvalidIdentityToken", "ExpiredTokenException":
		if strings.HasPrefix(asked.action, "sts:") {
			return "; look at the role's trust policy: the cluster's OIDC provider, audience, service account"
		}
	}
	if isTransient {
		return ""
	}
	return "; check the Pod's role"
}

func statusOf(err error) (status int, after time.Duration) {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		seconds, _ := strconv.ParseUint(response.Response.Header.Get("Retry-After"), 10, 16)
		return response.HTTPStatusCode(), time.Duration(seconds) * time.Second
	}
	var coded interface{ HTTPStatusCode() int }
	if errors.As(err, &coded) {
		return coded.HTTPStatusCode(), 0
	}
	return 0, 0
}

// explainNetwork repeats only errors whose text is known to hold no part of an answer.
func explainNetwork(err error) (reason string, isTransient bool) {
	var verification *tls.CertificateVerificationError
	var operation *net.OpError
	var lookup *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return errTooLarge.Error(), false
	case errors.As(err, &verification):
		return verification.Error() + cmp.Or(clock.AgainstCertificate(verification, time.Now()),
			"; the image has no CA for it? AWS_CA_BUNDLE names a file that has"), false
	case errors.As(err, &lookup):
		return lookup.Error(), true
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time", true
	case errors.As(err, &operation):
		return operation.Error(), true
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time", true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended before the answer did", true
	}
	return "what answers is not AWS; check AWS_ENDPOINT_URL and what stands between", false
}
