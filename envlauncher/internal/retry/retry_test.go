package retry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("down")

func whole(pause time.Duration) time.Duration { return pause }

func TestDo(t *testing.T) {
	down := &Transient{Cause: errDown}
	busy := &Transient{Cause: errDown, After: 7 * time.Second}
	cases := map[string]struct {
		policy   Policy
		outcomes []error // of each try; the last one repeats
		starts   []time.Duration
		failure  string
	}{
		"success needs one try":                  {Policy{}, []error{nil}, []time.Duration{0}, ""},
		"another error ends it at once":          {Policy{}, []error{errDown}, []time.Duration{0}, "down"},
		"pauses double up to the most":           {Policy{}, []error{down, down, down, down, down, nil}, ms(0, 100, 300, 700, 1100, 1500), ""},
		"a wrapped transient counts too":         {Policy{}, []error{errors.Join(down), nil}, ms(0, 100), ""},
		"the number of tries is kept":            {Policy{Tries: 3}, []error{down}, ms(0, 100, 300), "down (tries: 3)"},
		"one try may be all":                     {Policy{Tries: 1}, []error{down}, ms(0), "down (tries: 1)"},
		"what the other side asks is waited for": {Policy{}, []error{busy, nil}, ms(0, 7000), ""},
		"an error after a transient one ends it": {Policy{}, []error{down, errors.New("no")}, ms(0, 100), "no"},
		"a pause that reaches the deadline is not made": {
			Policy{Within: time.Second}, []error{down}, ms(0, 100, 300, 700), "down (tries: 4, no other one fits into 1s)"},
		"nor one that the other side asks for": {Policy{Within: 5 * time.Second}, []error{busy}, ms(0), "down (tries: 1, no other one fits into 5s)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.policy.First, c.policy.Most, c.policy.Jitter = 100*time.Millisecond, 400*time.Millisecond, whole
				if c.policy.Within == 0 {
					c.policy.Within = time.Minute
				}
				began := time.Now()
				var starts []time.Duration
				err := Do(t.Context(), c.policy, func(context.Context) error {
					starts = append(starts, time.Since(began))
					return c.outcomes[min(len(starts), len(c.outcomes))-1]
				})
				if (err == nil) != (c.failure == "") || err != nil && err.Error() != c.failure {
					t.Errorf("got %v, expected %q", err, c.failure)
				}
				if !slices.Equal(starts, c.starts) {
					t.Errorf("tries at %v, expected at %v", starts, c.starts)
				}
			})
		})
	}
}

func ms(starts ...int) []time.Duration {
	durations := make([]time.Duration, 0, len(starts))
	for _, start := range starts {
		durations = append(durations, time.Duration(start)*time.Millisecond)
	}
	return durations
}

func TestATryThatHangsEndsAtTheDeadlineOverAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		policy := Policy{Within: time.Minute, First: time.Second, Most: time.Second, Jitter: whole}
		err := Do(t.Context(), policy, func(ctx context.Context) error {
			<-ctx.Done()
			return &Transient{Cause: ctx.Err()}
		})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "tries: 1,") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestJitterStaysBetweenHalfAndWhole(t *testing.T) {
	for _, pause := range []time.Duration{1, 2, 100 * time.Millisecond, 5 * time.Second} {
		seen := map[time.Duration]bool{}
		for range 200 {
			jittered := Jitter(pause)
			if jittered < pause/2 || jittered > pause {
				t.Fatalf("%s became %s", pause, jittered)
			}
			seen[jittered] = true
		}
		if pause > time.Millisecond && len(seen) < 100 {
			t.Errorf("%s became only %d different pauses", pause, len(seen))
		}
	}
}
