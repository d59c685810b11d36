// Package secretstore decides which values a secret holds, where it is, and who may have them, as the provider
// does (docs/annotations.md): testdata/secret-values.json is run by both.
package secretstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"piggysec.com/envlauncher/internal/selection"
)

const (
	allowList      = "PIGGY_ALLOWED_SA"
	reservedPrefix = "PIGGY_"
	whole          = "."
	// Editors put it before a text, and nobody sees it; JSON does not have it.
	byteOrderMark = "\uFEFF"
)

// Content is what a secret holds.
type Content struct {
	// AllowLists is what the secret says about who may read it; of several, each must allow.
	AllowLists []string
	find       func(key string) (value string, hasValue bool, err error)
	shape      shape
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
	content := Content{shape: isObject(len(object)), find: func(key string) (string, bool, error) {
		if key == whole {
			return text, true, nil
		}
		value, hasValue := object[key]
		if !hasValue {
			value, hasValue = findNested([]byte(read), strings.Split(key, "."))
		}
		return write(value), hasValue, nil
	}}
	if list, hasList := object[allowList]; hasList {
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
	content := Content{shape: isPath(len(parameters)), find: func(key string) (string, bool, error) {
		switch found := byKey[key]; {
		case len(found) == 0 || key == whole:
			return "", false, nil
		case len(found) == 1:
			return found[0].Value, true, nil
		default:
			return "", false, ambiguous(key, found)
		}
	}}
	for _, parameter := range byKey[allowList] {
		content.AllowLists = append(content.AllowLists, parameter.Value)
	}
	return content
}

// Select returns a value for each of the keys that the secret has.
func (c Content) Select(keys []string) (selection.Selection, error) {
	selected := selection.Selection{Values: make(map[string]string, len(keys))}
	var missing []string
	for _, key := range keys {
		value, hasValue, err := c.findUnreserved(key)
		if err != nil {
			return selection.Selection{}, err
		}
		if hasValue {
			selected.Values[key] = value
		} else {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		selected.Hint = c.shape.explain(missing)
	}
	return selected, nil
}

// findUnreserved: keys of ours say how a secret may be used; they are given to nobody, but within the whole of a secret.
func (c Content) findUnreserved(key string) (string, bool, error) {
	if strings.HasPrefix(key, reservedPrefix) {
		return "", false, nil
	}
	return c.find(key)
}

func wholeContent(text string, shape shape) Content {
	return Content{shape: shape, find: func(key string) (string, bool, error) { return text, key == whole, nil }}
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
		if !hasNext {
			return nil, false
		}
		value = next
	}
	return value, true
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
