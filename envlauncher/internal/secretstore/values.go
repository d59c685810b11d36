// Package secretstore decides which values a secret holds, where it is, and who may have them, as the provider
// does (docs/annotations.md): testdata/secret-values.json is run by both.
package secretstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"piggysec.com/envlauncher/internal/reference"
	"piggysec.com/envlauncher/internal/selection"
)

// AllowList is the key, or the parameter, that says who may read.
const AllowList = "PIGGY_ALLOWED_SA"

const (
	reservedPrefix = "PIGGY_"
	whole          = reference.Whole
	// Editors put it before a text, and nobody sees it; JSON does not have it.
	byteOrderMark = "\uFEFF"
)

// Content is what a secret holds.
type Content struct {
	// AllowLists is what the secret says about who may read it; of several, each must allow.
	AllowLists []string
	find       func(key reference.Key) (value string, hasValue bool, err error)
	keys       []string // nil where it has none; member finds the value of each
	member     func(key string) (value string, err error)
	shape      shape
}

// Wanted is a key, and the text of the reference that its value is told under.
type Wanted struct {
	Reference string
	Key       reference.Key
	All       bool // of its keys are wanted, and Key says nothing
}

// Parameter is one of Parameter Store.
type Parameter struct{ Name, Value string }

// ParseString reads SecretString of Secrets Manager. All of it is one value, as it is; a JSON object has others besides.
func ParseString(text string) (Content, error) {
	read := strings.TrimPrefix(text, byteOrderMark)
	object, err := parseObject([]byte(read))
	if err != nil {
		return Content{}, err
	}
	if object == nil {
		return wholeContent(text, classify(read)), nil
	}
	content := Content{shape: isObject(len(object)), keys: keysOf(object), member: func(key string) (string, error) { return write(object[key]), nil }, find: func(key reference.Key) (string, bool, error) {
		if key.Text == whole {
			return text, true, nil
		}
		value, hasValue := object[key.Text]
		if !hasValue {
			value, hasValue = findNested([]byte(read), key.Path)
		}
		return write(value), hasValue, nil
	}}
	if list, hasList := object[AllowList]; hasList {
		content.AllowLists = []string{write(list)}
	}
	return content, nil
}

// ParseBinary reads SecretBinary of Secrets Manager: one value, base64-encoded.
func ParseBinary(content []byte) Content {
	return wholeContent(base64.StdEncoding.EncodeToString(content), always(isBinary))
}

// ParseParameters reads the parameters of one path; the key is the last element of the name.
func ParseParameters(parameters []Parameter) Content {
	byKey := map[string][]Parameter{}
	for _, parameter := range parameters {
		key := parameter.Name[strings.LastIndex(parameter.Name, "/")+1:]
		byKey[key] = append(byKey[key], parameter)
	}
	member := func(key string) (string, error) {
		if found := byKey[key]; len(found) > 1 {
			return "", ambiguous(key, found)
		}
		return byKey[key][0].Value, nil
	}
	content := Content{shape: isPath(len(parameters)), keys: keysOf(byKey), member: member, find: func(key reference.Key) (string, bool, error) {
		if len(byKey[key.Text]) == 0 || key.Text == whole {
			return "", false, nil
		}
		value, err := member(key.Text)
		return value, err == nil, err
	}}
	for _, parameter := range byKey[AllowList] {
		content.AllowLists = append(content.AllowLists, parameter.Value)
	}
	return content
}

// ParseNamedParameter reads one parameter, by its name. Like a secret it is one value, and a JSON object has others besides.
// beside is the list of who may read that stands next to it, nil where there is none.
func ParseNamedParameter(value string, beside *string) (Content, error) {
	content, err := ParseString(value)
	if beside != nil {
		content.AllowLists = append(content.AllowLists, *beside)
	}
	return content, err
}

// Select returns a value for each of the keys that the secret has.
func (c Content) Select(wanted []Wanted) (selection.Selection, error) {
	selected := selection.Selection{Values: make(map[string]string, len(wanted))}
	var missing []string
	for _, one := range wanted {
		value, hasValue, err := c.findWanted(one)
		if err != nil {
			return selection.Selection{}, err
		}
		if hasValue {
			selected.Values[one.Reference] = value
		} else if one.All {
			missing = append(missing, "") // explained as a key that it lacks
		} else {
			missing = append(missing, one.Key.Text)
		}
	}
	if len(missing) > 0 {
		selected.Hint = c.shape.explain(missing)
	}
	return selected, nil
}

func (c Content) findWanted(one Wanted) (string, bool, error) {
	if one.All {
		return c.findAll()
	}
	return c.findUnreserved(one.Key)
}

// findAll returns all keys that are given out, and their values, as the text of a JSON object.
func (c Content) findAll() (string, bool, error) {
	if c.keys == nil {
		return "", false, nil
	}
	values := map[string]string{}
	for _, key := range c.keys {
		if strings.HasPrefix(key, reservedPrefix) {
			continue
		}
		var err error
		if values[key], err = c.member(key); err != nil {
			return "", false, err
		}
	}
	text, err := json.Marshal(values)
	return string(text), true, err
}

func keysOf[V any](members map[string]V) []string {
	return slices.AppendSeq([]string{}, maps.Keys(members))
}

// findUnreserved: keys of ours say how a secret may be used; they are given to nobody, but within the whole of a secret.
func (c Content) findUnreserved(key reference.Key) (string, bool, error) {
	if strings.HasPrefix(key.Text, reservedPrefix) {
		return "", false, nil
	}
	return c.find(key)
}

func wholeContent(text string, shape shape) Content {
	return Content{shape: shape, find: func(key reference.Key) (string, bool, error) { return text, key.Text == whole, nil }}
}

func ambiguous(key string, parameters []Parameter) error {
	var names []string
	for _, parameter := range parameters {
		names = append(names, parameter.Name)
	}
	return fmt.Errorf("ambiguous_parameter: %s is the end of %s: rename one, or point the parameter path deeper",
		key, strings.Join(names, ", "))
}

// parseObject returns nil for what is no JSON object. Values stay the text that was written: a number would be
// rounded. Of a key that comes twice the last one counts. No error quotes the text, which is secret.
func parseObject(text []byte) (map[string]json.RawMessage, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		return nil, nil
	}
	var object map[string]json.RawMessage
	err := json.Unmarshal(text, &object)
	// Not to be taken for plain text: it may be an object, with an allow-list.
	if err != nil && strings.Contains(err.Error(), "max depth") {
		return nil, errors.New("the secret is JSON that is nested too deeply to be read")
	}
	if err != nil {
		return nil, nil
	}
	return object, nil
}

func findNested(value json.RawMessage, path []string) (json.RawMessage, bool) {
	for _, key := range path {
		object, err := parseObject(value)
		if err != nil {
			return nil, false
		}
		next, hasNext := object[key]
		if object == nil {
			next, hasNext = findElement(value, key)
		}
		if !hasNext {
			return nil, false
		}
		value = next
	}
	return value, true
}

// findElement finds an element of an array by its index.
func findElement(value json.RawMessage, key string) (json.RawMessage, bool) {
	index, err := strconv.ParseUint(key, 10, 31)
	if err != nil || strconv.FormatUint(index, 10) != key {
		return nil, false
	}
	var array []json.RawMessage
	if json.Unmarshal(value, &array) != nil || index >= uint64(len(array)) {
		return nil, false
	}
	return array[index], true
}

// write returns what the environment shows of a value, which is valid JSON.
func write(value json.RawMessage) string {
	var text *string
	if json.Unmarshal(value, &text) == nil {
		if text == nil {
			return ""
		}
		return *text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return ""
	}
	return compact.String()
}
