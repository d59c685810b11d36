// Package retry decides when another try is worth its time.
package retry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy bounds the tries.
type Policy struct {
	Within time.Duration // over all tries and pauses
	Tries  int           // 0 = as many as fit
	First  time.Duration // the pause after the first try; it doubles with each
	Most   time.Duration // the longest pause
	// Jitter picks the real pause, so that containers that failed together do not come back together.
	Jitter func(pause time.Duration) time.Duration
}

// Jitter picks a pause between half of it and the whole.
func Jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}

// Transient marks an error that another try may cure.
type Transient struct {
	Cause error
	After time.Duration // no earlier than this, as the other side asked
}

func (t *Transient) Error() string { return t.Cause.Error() }

func (t *Transient) Unwrap() error { return t.Cause }

// Do calls try until it succeeds, fails for good, or no further try is allowed or would fit. The context that
// try gets ends with the deadline.
func Do(ctx context.Context, policy Policy, try func(context.Context) error) error {
	deadline := time.Now().Add(policy.Within)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	pause := policy.First
	for tries := 1; ; tries++ {
		err := try(ctx)
		var transient *Transient
		if !errors.As(err, &transient) {
			return err
		}
		if tries == policy.Tries {
			return fmt.Errorf("%w (tries: %d)", err, tries)
		}
		wait := max(policy.Jitter(pause), transient.After)
		if !time.Now().Add(wait).Before(deadline) {
			return fmt.Errorf("%w (tries: %d, no other one fits into %s)", err, tries, policy.Within)
		}
		time.Sleep(wait)
		pause = min(2*pause, policy.Most)
	}
}
