package suites

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// Soak repeats items in a random order until its time is over.
type Soak struct {
	Items  []Item
	Seed   int64 // of the order, and of each run's own seed
	Length time.Duration
	Run    func(ctx context.Context, item Item, seed int64) Result
	Each   func(Result)         // is told of each result; nil: nobody is
	Clock  func() time.Duration // time since the soak began; nil: the real one
}

// Soaked is what a soak has seen.
type Soaked struct {
	Seed    int64
	Items   []Item
	Samples []Sample
	Took    time.Duration
	// Ended says why it ended before its time was over; "" when it did not.
	Ended string
	Err   error // of the harness, from the run that ended it
}

// Sample is what is kept in memory of one run: a soak has too many for their requests.
type Sample struct {
	Item
	Seed int64
	Dir  string
	Outcome
	Unmet        string
	Failed, Sent int
	// Removal is the longest time for which new connections reached a deleted pod. Measured tells whether there was one.
	Removal  time.Duration
	Measured bool
	Took     time.Duration
}

// Do runs until the time is over. The seed decides which item runs with which seed when, and nothing else does. A run
// that would not end in time, going by how long its like have taken, ends the soak unbegun: to look for a shorter one
// would make the order depend on the machine. After a run that was aborted, left something behind or found the
// environment unable to run it, no other is begun.
func (s Soak) Do(ctx context.Context) Soaked {
	clock := s.Clock
	if clock == nil {
		began := time.Now()
		clock = func() time.Duration { return time.Since(began) }
	}
	out, next := Soaked{Seed: s.Seed, Items: s.Items}, newOrder(s.Items, s.Seed)
	for len(s.Items) > 0 {
		item, seed := next.draw()
		if clock()+out.expected(item) > s.Length {
			break
		}
		result := s.Run(ctx, item, seed)
		out.Samples = append(out.Samples, sampled(item, seed, result))
		if s.Each != nil {
			s.Each(result)
		}
		if why := ends(ctx, result); why != "" {
			out.Ended, out.Err = why, result.Err
			break
		}
	}
	out.Took = clock()
	return out
}

// ends says why no other run may follow; "" when one may.
func ends(ctx context.Context, r Result) string {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx).Error()
	case errors.Is(r.Err, scenarios.ErrUndoIncomplete):
		return "a run left something behind, and the next one would not be judged fairly"
	case errors.Is(r.Err, scenarios.ErrEnvironment):
		return "the environment could not run a scenario"
	default:
		return ""
	}
}

// expected is the longest that the item has taken, or any other while it has not run yet.
func (s Soaked) expected(item Item) time.Duration {
	var own, any time.Duration
	for _, sample := range s.Samples {
		any = max(any, sample.Took)
		if sample.Item == item {
			own = max(own, sample.Took)
		}
	}
	if own > 0 {
		return own
	}
	return any
}

// order draws every item once before it draws one again.
type order struct {
	dice  *rand.Rand
	items []Item
	left  []int // positions that are not drawn yet
}

func newOrder(items []Item, seed int64) *order {
	return &order{dice: rand.New(rand.NewPCG(uint64(seed), uint64(len(items)))), items: items} //nolint:gosec // to be repeatable, not secret
}

func (o *order) draw() (Item, int64) {
	if len(o.left) == 0 {
		o.left = o.dice.Perm(len(o.items))
	}
	item := o.items[o.left[0]]
	o.left = o.left[1:]
	return item, 1 + o.dice.Int64N(1<<32) // never 0, which asks for another seed
}

func sampled(item Item, seed int64, r Result) Sample {
	s := Sample{Item: item, Seed: seed, Dir: r.Dir, Unmet: r.Unmet, Took: r.Took}
	if r.Run == nil {
		return s
	}
	s.Outcome, s.Sent = outcome(r.Run), len(r.Run.Requests)
	for i := range r.Run.Requests {
		if r.Run.Requests[i].Failed() {
			s.Failed++
		}
	}
	for _, f := range r.Run.Findings {
		if f.Check == removalCheck && f.Verdict != record.Skipped && f.Measured.Unit == "s" {
			s.Measured = true
			s.Removal = max(s.Removal, time.Duration(f.Measured.Value*float64(time.Second)))
		}
	}
	return s
}

// removalCheck is the check whose figure is the removal latency.
const removalCheck = "endpoint-removal"

// Unmet names the runs that did not come out as they must; a soak without any run has shown nothing.
func (s Soaked) Unmet() []string {
	if len(s.Samples) == 0 {
		return []string{"nothing was run"}
	}
	var out []string
	for _, sample := range s.Samples {
		if sample.Unmet != "" {
			out = append(out, fmt.Sprintf("%s: %s (%s)", sample.Item, sample.Unmet, sample.Dir))
		}
	}
	return out
}

// String names the item for people.
func (i Item) String() string { return i.App + " under " + i.Scenario }
