// Package expansion replaces $(NAME) in text by the kubelet's algorithm, see
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
package expansion

import "strings"

// Text replaces $(NAME) by what lookup says; a name that lookup does not know stays as written, $$ becomes $,
// and nothing is expanded twice. Any other text passes byte for byte. (The kubelet garbles a letter outside
// ASCII that follows a single $; nobody can want that, so it is not repeated here.)
func Text(text string, lookup func(name string) (string, bool)) string {
	var expanded strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		expanded.WriteString(before)
		if !found {
			return expanded.String()
		}
		replacement, rest := afterDollar(after, lookup)
		expanded.WriteString(replacement)
		text = rest
	}
}

// afterDollar says what stands in place of a $ and of the text after it that belongs to it, and what is left.
func afterDollar(after string, lookup func(name string) (string, bool)) (replacement, rest string) {
	if rest, escaped := strings.CutPrefix(after, "$"); escaped {
		return "$", rest
	}
	opened, isOpen := strings.CutPrefix(after, "(")
	name, rest, isClosed := strings.Cut(opened, ")")
	if !isOpen || !isClosed {
		return "$", after
	}
	if value, defined := lookup(name); defined {
		return value, rest
	}
	return "$(" + name + ")", rest
}
