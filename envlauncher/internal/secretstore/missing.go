// Says why a secret has no value for a key, and what to do, in the provider's words (provider/secrets/missing-keys.ts). It is shown
// where secrets must not be, so it tells what kind of text the secret is and how many keys it has, and nothing of the text.

package secretstore

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// shape says why there is no value for a number of keys that are not reserved.
type shape func(keys int) string

func always(reason string) shape { return func(int) string { return reason } }

const (
	wholeText = "use piggy:. for the whole text"
	isEmpty   = "it is empty: store a JSON object"
	isText    = "it is plain text without keys: use piggy:. for all of it, or store a JSON object instead"
	isLines   = "it holds lines of NAME=value, which are not read as keys: store a JSON object instead, or " + wholeText
	isAlmost  = "it begins like a JSON object but is not valid JSON (a shell may have removed the quotes, or there are single quotes, " +
		"comments or a trailing comma): correct it, and store it from a file, as with --secret-string file://secret.json"
	isArray  = "it is a JSON array, which has no keys: store a JSON object instead, or " + wholeText
	isString = "it is a JSON string, perhaps an object that was encoded twice: store the object itself, or " + wholeText
	isBinary = "it is binary, which has no keys: use piggy:. for all of it in base64, or store a JSON object as text"
)

func isObject(count int) shape {
	others := fmt.Sprintf("%d other keys", count)
	switch count {
	case 0:
		others = "no keys"
	case 1:
		others = "1 other key"
	}
	return always("it is a JSON object with " + others + ": check the spelling, upper and lower case too, or add what is missing")
}

func isPath(count int) shape {
	return func(keys int) string {
		subject := fmt.Sprintf("none of the %d parameters below the path has", count)
		if count == 1 {
			subject = "the only parameter below the path does not have"
		}
		wanted := "one of those keys"
		if keys == 1 {
			wanted = "that key"
		}
		return subject + " " + wanted + " as the last part of its name: check spelling and path, or add what is missing"
	}
}

// explain is one line about keys that have no value.
func (s shape) explain(missing []string) string {
	var reserved, wholes int
	for _, key := range missing {
		if strings.HasPrefix(key, reservedPrefix) {
			reserved++
		}
		if key == whole {
			wholes++
		}
	}
	var reasons []string
	if others := len(missing) - reserved - wholes; others > 0 {
		reasons = append(reasons, s(others))
	}
	if wholes > 0 {
		reasons = append(reasons, "piggy:. is not for parameter paths, which have no whole: refer to their parameters one by one")
	}
	if reserved > 0 {
		reasons = append(reasons, "keys that begin with PIGGY_ are never given out: choose another name")
	}
	return strings.Join(reasons, "; ")
}

const blanks = " \t\r\n"

var (
	// In quotes too: cmd.exe leaves the single ones in place.
	objectBegins = regexp.MustCompile(`^[ \t\r\n]*(?:["'][ \t\r\n]*)?\{`)
	skippedLine  = regexp.MustCompile(`^[ \t\r]*(?:#|$)`)
	nameAndValue = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=`)
	// One line alone may be a password, or base64 with its padding.
	oneNameAndValue = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?[A-Z_][A-Z\d_]*=[^= \t\r]`)
)

// classify says what a text is that is no JSON object.
func classify(text string) shape {
	trimmed := strings.Trim(text, blanks)
	switch {
	case trimmed == "":
		return always(isEmpty)
	case trimmed[0] == '[' && json.Valid([]byte(text)):
		return always(isArray)
	case trimmed[0] == '"' && json.Valid([]byte(text)):
		return always(isString)
	// A number is plain text like any other: that a password is all digits is not told.
	case objectBegins.MatchString(text) && strings.Contains(text, ":"):
		return always(isAlmost)
	case hasNamesAndValues(text):
		return always(isLines)
	}
	return always(isText)
}

func hasNamesAndValues(text string) bool {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !skippedLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 1 {
		return oneNameAndValue.MatchString(lines[0])
	}
	for _, line := range lines {
		if !nameAndValue.MatchString(line) {
			return false
		}
	}
	return len(lines) > 0
}
