// Package report tells people what happened: on stderr, and at a failure also where `kubectl describe pod`
// shows it. Whoever calls it hands over names, never values.
package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

const (
	prefix = "piggy-env: "
	// Kubernetes keeps this much of a termination message.
	maxTerminationBytes = 4096
)

// Log writes lines to Out.
type Log struct {
	Out     io.Writer
	Verbose bool
}

// Warn says what the operator should know although the application starts.
func (l Log) Warn(format string, arguments ...any) {
	fmt.Fprintln(l.Out, line("warning: "+fmt.Sprintf(format, arguments...)))
}

// Debug says what happened on the way, where that was asked for.
func (l Log) Debug(format string, arguments ...any) {
	if l.Verbose {
		fmt.Fprintln(l.Out, line("debug: "+fmt.Sprintf(format, arguments...)))
	}
}

// Failure writes one line to out and to the termination log, if there is one: the kubelet makes that file,
// and outside Kubernetes none is left behind.
func Failure(out io.Writer, terminationLog string, failure error) {
	text := line(failure.Error())
	fmt.Fprintln(out, text)
	file, err := os.OpenFile(terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return // stderr has it
	}
	defer file.Close()
	io.WriteString(file, strings.ToValidUTF8(text[:min(len(text), maxTerminationBytes)], ""))
}

// line makes one line of text that others may have had a hand in.
func line(text string) string {
	return prefix + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
}
