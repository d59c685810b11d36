// Several sources: each is read as if it were the only one, all at once. Parameters that references name one by one are read
// ten a call.

package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/secretstore"
	"piggysec.com/envlauncher/internal/selection"
)

const maxParametersInACall = 10

// Question is what a container wants of one source.
type Question struct {
	Source secretstore.Source
	IsOwn  bool // the Pod's, which no reference names
	Wanted []secretstore.Wanted
	// CalledBy begins the error of this source, where there are others it could be mixed up with.
	CalledBy string
	// MayBeMissing: that there is no such secret is no failure, since each of its variables may be unset or has a default.
	MayBeMissing bool
}

// outcome is what came of a question.
type outcome struct {
	selection selection.Selection
	err       error
}

// ReadAll makes one try at all of them, at the same time. Where several fail, it tells the first failure that another try
// would not cure.
func (c *Client) ReadAll(ctx context.Context, questions []Question, reader secretstore.Reader) (selection.Selection, error) {
	answers := make([]outcome, len(questions))
	var work sync.WaitGroup
	calls := planCalls(questions)
	for i, question := range questions {
		if question.Source.Parameter == "" {
			work.Go(func() {
				answers[i].selection, answers[i].err = c.of(question.Source).Read(ctx, question.Wanted, reader)
			})
		}
	}
	for _, call := range calls {
		work.Go(func() { c.readNamed(ctx, call, reader, questions, answers) })
	}
	work.Wait()
	return merge(questions, answers)
}

func merge(questions []Question, answers []outcome) (selection.Selection, error) {
	merged := selection.Selection{Values: map[string]string{}}
	var hints []string
	var transient error
	for i, answer := range answers {
		if err := questions[i].explain(answer.err); err != nil {
			if isTransient(err) {
				transient = cmp.Or(transient, err)
				continue
			}
			return selection.Selection{}, err
		}
		maps.Copy(merged.Values, answer.selection.Values)
		if hint := questions[i].advise(answer.selection.Hint); hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if transient != nil {
		return selection.Selection{}, transient
	}
	merged.Hint = strings.Join(hints, "; ")
	return merged, nil
}

func (q Question) explain(err error) error {
	var known *failure
	isAbsent := errors.As(err, &known) && known.isAbsent
	switch {
	case err == nil || isAbsent && q.MayBeMissing:
		return nil
	case q.CalledBy == "":
		return err
	}
	return fmt.Errorf("%s: %w", q.CalledBy, err)
}

// advise: the advice of a missing key speaks of the Pod's own source; the whole text of another one is its reference without a key.
func (q Question) advise(hint string) string {
	if q.IsOwn {
		return hint
	}
	return strings.ReplaceAll(hint, "piggy:.", "the reference without its key")
}

func isTransient(err error) bool {
	var transient *retry.Transient
	return errors.As(err, &transient)
}

// parameterCall is a question to AWS: which names, and which of the container's questions it answers.
type parameterCall struct {
	region   string
	names    map[string]string // name or ARN → with its version or label
	answered []int
}

// planCalls puts into one call what fits. With each parameter the list of who may read is asked for that stands beside it.
func planCalls(questions []Question) []*parameterCall {
	var calls []*parameterCall
	for i, question := range questions {
		source := question.Source
		if source.Parameter == "" {
			continue
		}
		fits := func(call *parameterCall) bool { return call.fits(source) }
		at := slices.IndexFunc(calls, fits)
		if at < 0 {
			at = len(calls)
			calls = append(calls, &parameterCall{region: source.Region, names: map[string]string{}})
		}
		maps.Copy(calls[at].names, namesOf(source))
		calls[at].answered = append(calls[at].answered, i)
	}
	return calls
}

// namesOf a parameter and of the list of who may read, PIGGY_ALLOWED_SA under the same path.
func namesOf(source secretstore.Source) map[string]string {
	list := allowListOf(source.Parameter)
	return map[string]string{source.Parameter: source.Parameter + source.Selector, list: list}
}

func allowListOf(parameter string) string {
	return parameter[:strings.LastIndex(parameter, "/")+1] + secretstore.AllowList
}

// fits: the answers name the parameter only, so two versions of one are asked for in two calls.
func (c *parameterCall) fits(source secretstore.Source) bool {
	added := 0
	for name, text := range namesOf(source) {
		asked, isAsked := c.names[name]
		if isAsked && asked != text {
			return false
		}
		if !isAsked {
			added++
		}
	}
	return c.region == source.Region && len(c.names)+added <= maxParametersInACall
}

// readNamed makes the call, and answers each of its questions.
func (c *Client) readNamed(ctx context.Context, planned *parameterCall, reader secretstore.Reader, questions []Question, answers []outcome) {
	found, err := c.of(secretstore.Source{Region: planned.region}).getParameters(ctx, slices.Sorted(maps.Values(planned.names)))
	for _, i := range planned.answered {
		if err != nil {
			answers[i].err = told(err)
			continue
		}
		question := questions[i]
		one := c.of(question.Source)
		answers[i].selection, answers[i].err = one.selectNamed(found, question.Wanted, reader)
	}
}

// selectNamed selects from one of the parameters that AWS has; found has them by name and by ARN.
func (c *Client) selectNamed(found map[string]string, wanted []secretstore.Wanted, reader secretstore.Reader) (selection.Selection, error) {
	value, isThere := found[c.source.Parameter]
	if !isThere {
		asked := call{action: "ssm:GetParameters", resource: c.source.Resource(), region: c.source.Region}
		return selection.Selection{}, &failure{text: asked.String() + ": it does not exist, or not in this version: check name, region and version", isAbsent: true}
	}
	var beside *string
	if list, hasList := found[allowListOf(c.source.Parameter)]; hasList {
		beside = &list
	}
	content, err := secretstore.ParseNamedParameter(value, beside)
	if err != nil {
		return selection.Selection{}, err
	}
	return c.selectFrom([]secretstore.Content{content}, wanted, reader)
}

func (c *Client) getParameters(ctx context.Context, names []string) (map[string]string, error) {
	asked := call{action: "ssm:GetParameters", resource: "parameters " + strings.Join(names, ", "), region: c.source.Region}
	output, err := c.parameterStore().GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, explain(asked, err)
	}
	found := map[string]string{}
	for _, parameter := range output.Parameters {
		found[aws.ToString(parameter.Name)] = aws.ToString(parameter.Value)
		found[aws.ToString(parameter.ARN)] = aws.ToString(parameter.Value)
	}
	return found, nil
}
