// The parts of a reference: source, key and options.

package reference

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"piggysec.com/envlauncher/internal/awsnames"
)

func parameterSource(id, selector string) (Source, error) {
	if !awsnames.IsParameterName(id) && awsnames.RegionOfParameterARN(id) == "" {
		return Source{}, errors.New(`what stands behind "parameter:" is neither the name of a parameter, such as /shop/api/url, nor its ARN`)
	}
	if strings.HasPrefix(id[strings.LastIndex(id, "/")+1:], "PIGGY_") {
		return Source{}, errors.New("parameters whose name begins with PIGGY_ are never given out")
	}
	return Source{Parameter: id, Selector: selector}, nil
}

func parseSelector(label, version string) (string, error) {
	switch {
	case label != "" && version != "":
		return "", exclusive("label and version")
	case label != "" && !awsnames.IsParameterLabel(label):
		return "", errors.New(`"label" must be the label of a parameter: letters, digits, "_", "." and "-", and no digit first`)
	case version != "" && !awsnames.IsParameterVersion(version):
		return "", errors.New(`"version" of a parameter must be a whole number, from 1 on`)
	case label+version == "":
		return "", nil
	}
	return ":" + label + version, nil
}

func secretSource(secret, stage, id string) (Source, error) {
	switch {
	case stage != "" && id != "":
		return Source{}, exclusive("a staging label and a version id")
	case id != "" && !awsnames.MayBeVersionID(id):
		return Source{}, errors.New("a version id has 32 to 64 characters")
	case id != "":
		return Source{Secret: secret, VersionID: id}, nil
	case stage == "":
		return Source{Secret: secret, Stage: Current}, nil
	case !awsnames.IsVersion(stage):
		return Source{}, errors.New("a staging label has 1 to 256 characters, none of them a control character")
	}
	return Source{Secret: secret, Stage: stage}, nil
}

func exclusive(what string) error { return fmt.Errorf("%s exclude each other; keep one", what) }

func parseKey(written string) (Key, error) {
	switch written {
	case "":
		return Key{}, errors.New("it names no key")
	case Whole:
		return PlainKey(Whole), nil
	}
	path := strings.Split(written, ".")
	for i, part := range path {
		var err error
		if path[i], err = unescape(part); err != nil {
			return Key{}, err
		}
	}
	return Key{Text: strings.Join(path, "."), Path: path}, nil
}

// unescape: "%" and two hexadecimal digits are a byte of UTF-8, as in a URL.
func unescape(written string) (string, error) {
	text, err := url.PathUnescape(written)
	if err != nil || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return "", errors.New(`"%" must be followed by two hexadecimal digits that make UTF-8 without NUL; "%" itself is %25`)
	}
	return text, nil
}

// options are what stands behind "?".
type options struct {
	values    map[string]string
	otherwise *string // the default
}

func (o options) with(source Source, key Key) Reference {
	_, isOptional := o.values["optional"]
	read := Reference{Source: source, Key: key, Optional: isOptional, Default: o.otherwise}
	if prefix, hasPrefix := o.values["prefix"]; hasPrefix {
		read.Prefix = &prefix
	}
	return read
}

var isPrefix = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`).MatchString

// parseOptions: names are those of the options with a value. A default is the last option, and all that follows belongs to it
// as it is.
func parseOptions(rest string, hasRest bool, names []string) (options, error) {
	read := options{values: map[string]string{}}
	for hasRest {
		if value, isDefault := strings.CutPrefix(rest, "default="); isDefault {
			read.otherwise = &value
			break
		}
		var item string
		item, rest, hasRest = strings.Cut(rest, "&")
		if err := read.add(item, names); err != nil {
			return options{}, err
		}
	}
	if _, isOptional := read.values["optional"]; isOptional && read.otherwise != nil {
		return options{}, exclusive("optional and default")
	}
	return read, nil
}

func (o options) add(item string, names []string) error {
	name, value, hasValue := strings.Cut(item, "=")
	isKnown := slices.Contains(names, name)
	if name == "optional" {
		isKnown = !hasValue
	}
	if !isKnown {
		known := strings.Join(append(slices.Clone(names), "optional", "default="), ", ")
		return fmt.Errorf(`it has an option that does not exist here (there are %s); a "?" that belongs to a key is %%3F`, known)
	}
	if _, isThere := o.values[name]; isThere {
		return fmt.Errorf("%q stands there twice", name)
	}
	if name != "optional" && value == "" {
		return fmt.Errorf(`%q needs a value, behind "="`, name)
	}
	var err error
	o.values[name], err = unescape(value)
	return err
}
