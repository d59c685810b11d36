// The messages of POST /v1/secret. Fields that are not known are ignored: provider and launcher may differ by
// two minor versions. No error here repeats a part of an answer that may hold values.

package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"piggysec.com/envlauncher/internal/clock"
	"piggysec.com/envlauncher/internal/reference"
	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/selection"
)

// Question says which container asks, what it is about to run, and for which keys.
type Question struct {
	UID, Signature string
	References     []string // what stands behind "piggy:"
}

// encode writes a key as it is, and any other reference as an object: a provider that knows keys only refuses the object,
// where it would take the text for a key.
func (q Question) encode() ([]byte, error) {
	type named struct {
		Reference string `json:"reference"`
	}
	references := make([]any, 0, len(q.References))
	for _, text := range q.References {
		if reference.IsPlain(text) {
			references = append(references, text)
		} else {
			references = append(references, named{text})
		}
	}
	return json.Marshal(struct {
		UID        string `json:"uid"`
		Signature  string `json:"signature"`
		References []any  `json:"references"`
	}{q.UID, q.Signature, references})
}

// firstNamed returns a reference that a provider which knows keys only refuses; empty where there is none.
func (q Question) firstNamed() string {
	at := slices.IndexFunc(q.References, func(text string) bool { return !reference.IsPlain(text) })
	if at < 0 {
		return ""
	}
	return q.References[at]
}

var errNotAnAnswer = errors.New("this is not the answer of a piggy provider; check PIGGY_ADDRESS")

// explain adds what a refusal means that an older provider makes of references which it does not know.
func (q Question) explain(err error) error {
	var refused *Refused
	named := q.firstNamed()
	if named == "" || !errors.As(err, &refused) || refused.Code != "invalid_request" {
		return err
	}
	return fmt.Errorf("%w (a provider of an older version knows keys only, and not piggy:%s)", err, strings.SplitN(named, "?", 2)[0])
}

// parseAnswer accepts only an answer that accounts for every key: a key that the provider does not call
// missing must have a value, or an application that may start without some would start without any.
func parseAnswer(body []byte, keys []string) (selection.Selection, error) {
	var wire struct {
		Values  map[string]*string `json:"values"` // a null must not pass for an empty text
		Missing []string           `json:"missing"`
		Hint    any                `json:"hint"` // why they are missing; earlier providers do not say so
	}
	if json.Unmarshal(body, &wire) != nil || wire.Values == nil {
		return selection.Selection{}, errNotAnAnswer
	}
	values := make(map[string]string, len(keys))
	for _, key := range keys {
		switch value := wire.Values[key]; {
		case value != nil:
			values[key] = *value
		case !slices.Contains(wire.Missing, key):
			return selection.Selection{}, fmt.Errorf("%w: it says nothing about piggy:%s", errNotAnAnswer, key)
		}
	}
	hint, _ := wire.Hint.(string)
	return selection.Selection{Values: values, Hint: printable(hint, 1000)}, nil
}

// Refused is an answer other than 200.
type Refused struct {
	Status  int
	Code    string
	Message string
}

func (r *Refused) Error() string {
	text := strings.TrimSpace(strconv.Itoa(r.Status) + " " + r.Code)
	if r.Message == "" {
		return text + " " + http.StatusText(r.Status)
	}
	return text + ": " + r.Message
}

// refusal is transient where another try may be answered otherwise. While what Kubernetes shows of the container may lag, so may
// the launch window that goes by it.
func refusal(answer response, mayLag bool) error {
	refused := parseRefusal(answer)
	if refused.Code == "launch_window_closed" && refused.Message != "" {
		refused.Message += clock.AgainstAnswer(answer.header.Get("Date"), time.Now())
	}
	isTransient := refused.Status == http.StatusTooManyRequests || refused.Status >= 500 ||
		refused.Code == "container_not_running" || refused.Code == "launch_window_closed" && mayLag
	if isTransient {
		return &retry.Transient{Cause: refused, After: parseRetryAfter(answer.header.Get("Retry-After"), time.Now())}
	}
	return refused
}

func parseRefusal(answer response) *Refused {
	if answer.status >= 300 && answer.status < 400 {
		return &Refused{Status: answer.status, Message: "a redirect, which is not followed; check PIGGY_ADDRESS"}
	}
	var wire struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// What does not parse comes from something between us and the provider; its status has to do.
	if json.Unmarshal(answer.body, &wire) != nil {
		return &Refused{Status: answer.status}
	}
	return &Refused{Status: answer.status, Code: printable(wire.Code, 100), Message: printable(wire.Message, 2000)}
}

// parseRetryAfter reads seconds or a date (RFC 9110, section 10.2.3); anything else asks for nothing.
func parseRetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

func printable(text string, maxRunes int) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text))
	return strings.TrimSpace(string(runes[:min(len(runes), maxRunes)]))
}
