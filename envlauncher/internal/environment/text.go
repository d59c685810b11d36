// A text as Kubernetes made it of what an author wrote: which of it is plain, and which a reference.

package environment

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	grammar "piggysec.com/envlauncher/internal/reference"
)

const referencePrefix = "piggy:"

// Text is what a variable holds, in order: plain text, and references whose values are to be put in.
type Text []part

type part struct {
	plain string
	key   string // of a reference; then plain is empty
}

func (p part) isReference() bool { return p.key != "" }

// Mark delimits in a text what the kubelet put in for $(NAME). Admission chose it, and wrote into the Pod
//
//	<mark>$(NAME)</mark>   around each $(NAME) that may stand for a reference: nothing else tells where a value ends
//	<mark/>                for "$$", which means one "$", in a text that has such places
//
// An empty Mark marks nothing.
type Mark string

func (m Mark) open() string   { return "<" + string(m) + ">" }
func (m Mark) end() string    { return "</" + string(m) + ">" }
func (m Mark) dollar() string { return "<" + string(m) + "/>" }

// Read takes the marks out. The error says what is wrong with a reference.
func (m Mark) Read(value string) (Text, error) {
	if m == "" || !strings.Contains(value, string(m)) {
		return toValue(Text{{plain: value}})
	}
	reader := markReader{mark: m, rest: value}
	text, err := reader.readUntilEnd(false)
	if err != nil {
		return nil, err
	}
	return toValue(text)
}

// ReadPlaces returns what stands in each of the marked places of a text, and leaves out what is around them.
func (m Mark) ReadPlaces(value string) ([]Text, error) {
	var places []Text
	reader := markReader{mark: m, rest: value}
	for m != "" {
		_, rest, found := strings.Cut(reader.rest, m.open())
		if !found {
			break
		}
		reader.rest = rest
		place, err := reader.readPlace()
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	return places, nil
}

type markReader struct {
	mark Mark
	rest string
}

// readPlace reads what the kubelet put in, up to the end of the place: the value of a variable, which may have places
// of its own, or $(NAME) as it was written where there is no such variable.
func (r *markReader) readPlace() (Text, error) {
	text, err := r.readUntilEnd(strings.HasPrefix(r.rest, "$("))
	if err != nil {
		return nil, err
	}
	return toValue(text)
}

// readUntilEnd reads up to the end of the place that it is in, or of all. In a $(NAME) that stayed as written, "$$"
// stays as well.
func (r *markReader) readUntilEnd(asWritten bool) (Text, error) {
	var text Text
	for {
		before, found := r.cutAtMark()
		text = append(text, part{plain: before})
		switch found {
		case r.mark.open():
			place, err := r.readPlace()
			if err != nil {
				return nil, err
			}
			text = append(text, place...)
		case r.mark.dollar():
			dollar := "$"
			if asWritten {
				dollar = "$$"
			}
			text = append(text, part{plain: dollar})
		default:
			return text, nil
		}
	}
}

// cutAtMark returns the text before the next mark, and the mark; both are taken off.
func (r *markReader) cutAtMark() (before, found string) {
	at := len(r.rest)
	for _, mark := range []string{r.mark.open(), r.mark.end(), r.mark.dollar()} {
		if i := strings.Index(r.rest[:at], mark); i >= 0 {
			at, found = i, mark
		}
	}
	before = r.rest[:at]
	r.rest = r.rest[at+len(found):]
	return before, found
}

// toValue joins plain parts, and makes a reference of a value that begins as one.
func toValue(text Text) (Text, error) {
	var joined Text
	for _, p := range text {
		last := len(joined) - 1
		switch {
		case p.plain == "" && !p.isReference():
		case last >= 0 && !p.isReference() && !joined[last].isReference():
			joined[last].plain += p.plain
		default:
			joined = append(joined, p)
		}
	}
	if len(joined) == 0 || !strings.HasPrefix(joined[0].plain, referencePrefix) {
		return joined, nil
	}
	if len(joined) > 1 {
		return nil, errors.New("begins with piggy: and holds the value of another reference; a key cannot be made of secrets")
	}
	key, err := parseKey(strings.TrimPrefix(joined[0].plain, referencePrefix))
	if err != nil {
		return nil, err
	}
	return Text{{key: key}}, nil
}

// parseKey takes off line breaks at the end: echo and editors add one, and no author means it.
func parseKey(written string) (string, error) {
	key := strings.TrimRight(written, "\r\n")
	reference := show(referencePrefix + written)
	switch {
	case key == "":
		return "", fmt.Errorf("(%s) names no key", reference)
	case !utf8.ValidString(key):
		return "", fmt.Errorf("(%s): the key must be UTF-8", reference)
	case strings.ContainsAny(key, "\r\n"):
		return "", fmt.Errorf("(%s) goes on after a line break; a reference is one line", reference)
	}
	parsed, err := grammar.Parse(key)
	if err != nil {
		return "", fmt.Errorf("(%s): %w", reference, err)
	}
	if parsed.Prefix != nil {
		return "", fmt.Errorf("(%s): all keys are no value of a variable: write the annotation piggysec.com/env-from", reference)
	}
	return key, nil
}

// Keys returns the keys of the references in it.
func (t Text) Keys() []string {
	var keys []string
	for _, p := range t {
		if p.isReference() {
			keys = append(keys, p.key)
		}
	}
	return keys
}

// Resolve puts the values in; a reference without one becomes what missing says, or nothing where missing is nil.
func (t Text) Resolve(values map[string]string, missing func(key string) string) string {
	var resolved strings.Builder
	for _, p := range t {
		value, hasValue := values[p.key]
		switch {
		case !p.isReference():
			resolved.WriteString(p.plain)
		case hasValue:
			resolved.WriteString(value)
		case missing != nil:
			resolved.WriteString(missing(p.key))
		}
	}
	return resolved.String()
}
