// Package reference reads what stands behind "piggy:": a key of the Pod's own source, or a secret or parameter that it names
// itself (docs/references.md). The provider (provider/secrets/reference.ts) reads the same; testdata/references.json is run by
// both.
package reference

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"piggysec.com/envlauncher/internal/awsnames"
)

const (
	// Whole is the key of all of a text.
	Whole = "."
	// Current is the staging label of the version that counts.
	Current = "AWSCURRENT"
	// MaxSources is how many secrets and parameters a container may ask for.
	MaxSources = 20
)

// Reference is what a text means.
type Reference struct {
	// IsPlain: it is the key itself, as every reference was before others could name a source.
	IsPlain bool
	Source  Source
	Key     Key
	// Optional: the variable stays unset where there is no value.
	Optional bool
	// Default is the value where there is none; nil without one.
	Default *string
	// Prefix of all keys of a source is what the names of their variables begin with; nil where one value is meant.
	Prefix *string
}

// Source is what a reference names; the zero Source is the Pod's own.
type Source struct {
	Secret    string // name or ARN
	VersionID string // of a secret
	Stage     string // in place of VersionID
	Parameter string // name or ARN, in place of a secret
	Selector  string // of a parameter, as AWS takes it behind the name: ":3" is a version, ":blue" a label
}

// IsOwn: it is the Pod's own.
func (s Source) IsOwn() bool { return s == Source{} }

// Key is looked for by its whole text first, and then part by part, from object to object.
type Key struct {
	Text string
	Path []string
}

// Call is how failures name a reference: without its options, since a default can be long.
func Call(text string) string {
	named, _, _ := strings.Cut(text, "?")
	return "piggy:" + named
}

// PlainKey has no escapes.
func PlainKey(text string) Key { return Key{Text: text, Path: strings.Split(text, ".")} }

// Parse says what is wrong in a sentence that repeats nothing of the text, which is not empty.
func Parse(text string) (Reference, error) {
	if !utf8.ValidString(text) {
		return Reference{}, errors.New("it must be UTF-8")
	}
	if IsPlain(text) {
		return Reference{IsPlain: true, Key: PlainKey(text)}, nil
	}
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "all":
		return parseAll(rest)
	case "key":
		return parseOwn(rest)
	case "secret":
		return parseSecret(rest)
	case "parameter":
		return parseParameter(rest)
	}
	return parseARN(text)
}

// parseAll reads all keys of a source, which only the annotation env-from asks for.
func parseAll(text string) (Reference, error) {
	parsed, err := parseAllOf(text)
	if err != nil {
		return Reference{}, err
	}
	if parsed.Prefix == nil {
		parsed.Prefix = new(string)
	}
	switch {
	case parsed.Key.Text != Whole:
		return Reference{}, errors.New(`all keys are taken from ".", "secret:<name or ARN>", "parameter:<name or ARN>" or an ARN, without a key`)
	case parsed.Default != nil:
		return Reference{}, errors.New(`all keys have no default; there is "optional"`)
	case *parsed.Prefix != "" && !isPrefix(*parsed.Prefix):
		return Reference{}, errors.New(`"prefix" must be 1 to 64 letters, digits and "_", and no digit first`)
	}
	return parsed, nil
}

func parseAllOf(text string) (Reference, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "arn":
		return parseARN(text)
	case "secret":
		return parseSecret(rest, "prefix")
	case "parameter":
		return parseParameter(rest, "prefix")
	}
	return parseOwn(text, "prefix")
}

// IsPlain: it is the key itself.
func IsPlain(text string) bool {
	kind, _, hasKind := strings.Cut(text, ":")
	return !hasKind || !slices.Contains([]string{"all", "arn", "key", "secret", "parameter"}, kind)
}

// parseARN reads what task definitions of ECS hold:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func parseARN(text string) (Reference, error) {
	fields := strings.Split(text, ":")
	more := fields[min(7, len(fields)):]
	if arn := strings.Join(fields[:len(fields)-len(more)], ":"); awsnames.IsRegion(awsnames.RegionOfSecretARN(arn)) {
		return parseARNOfSecret(arn, more)
	}
	if awsnames.RegionOfParameterARN(text) != "" {
		source, err := parameterSource(text, "")
		return Reference{Source: source, Key: PlainKey(Whole)}, err
	}
	return Reference{}, errors.New("it is the ARN of neither a secret nor a parameter; a key that begins so is written piggy:key:arn:…")
}

func parseARNOfSecret(arn string, more []string) (Reference, error) {
	if len(more) > 3 {
		return Reference{}, errors.New("behind the ARN of a secret stand at most a key, a staging label and a version id, with a colon before each")
	}
	more = append(more[:len(more):len(more)], "", "", "")
	source, err := secretSource(arn, more[1], more[2])
	key := Whole
	if more[0] != "" {
		key = more[0]
	}
	return Reference{Source: source, Key: PlainKey(key)}, err
}

// parseOwn reads a key of the Pod's own source, and options.
func parseOwn(rest string, more ...string) (Reference, error) {
	before, after, hasOptions := strings.Cut(rest, "?")
	options, err := parseOptions(after, hasOptions, more)
	if err != nil {
		return Reference{}, err
	}
	key, err := parseKey(before)
	return options.with(Source{}, key), err
}

func parseSecret(rest string, more ...string) (Reference, error) {
	short, err := parseShort(rest, append([]string{"stage", "version"}, more...))
	if err != nil {
		return Reference{}, err
	}
	if !awsnames.IsSecretID(short.id) {
		return Reference{}, errors.New(`what stands behind "secret:" is neither the name nor the ARN of a secret`)
	}
	source, err := secretSource(short.id, short.options.values["stage"], short.options.values["version"])
	return short.options.with(source, short.key), err
}

func parseParameter(rest string, more ...string) (Reference, error) {
	short, err := parseShort(rest, append([]string{"label", "version"}, more...))
	if err != nil {
		return Reference{}, err
	}
	selector, err := parseSelector(short.options.values["label"], short.options.values["version"])
	if err != nil {
		return Reference{}, err
	}
	source, err := parameterSource(short.id, selector)
	return short.options.with(source, short.key), err
}

type short struct {
	id      string
	key     Key
	options options
}

// parseShort reads ID#KEY?OPTIONS; without a key it is the whole text.
func parseShort(rest string, names []string) (short, error) {
	before, after, hasOptions := strings.Cut(rest, "?")
	id, written, hasKey := strings.Cut(before, "#")
	read := short{id: id, key: PlainKey(Whole)}
	var err error
	if read.options, err = parseOptions(after, hasOptions, names); err == nil && hasKey {
		read.key, err = parseKey(written)
	}
	return read, err
}
