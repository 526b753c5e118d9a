package suites

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

var (
	good  = Item{Scenario: "pod-delete", App: "graceful"}
	bad   = Item{Scenario: "pod-delete", App: "closes-at-once"}
	third = Item{Scenario: "scale", App: "graceful"}
)

// soaking is a soak whose runs take ten seconds each of a clock that nobody waits for, and end as judge says.
type soaking struct {
	Soak
	now  time.Duration
	done []string // items with their seeds, as they were run
}

func newSoaking(seed int64, length time.Duration, judge func(n int, item Item) Result) *soaking {
	s := &soaking{}
	s.Soak = Soak{Items: []Item{good, bad, third}, Seed: seed, Length: length, Clock: func() time.Duration { return s.now }}
	s.Run = func(_ context.Context, item Item, seed int64) Result {
		r := judge(len(s.done), item)
		s.done = append(s.done, fmt.Sprint(item, seed))
		s.now += 10 * time.Second
		r.Took, r.Dir = 10*time.Second, fmt.Sprintf("out/%d", len(s.done))
		return r
	}
	return s
}

func ofItem(item Item, verdict record.Verdict, code string) Result {
	r := said(item.App, verdict, code)
	r.Run.Scenario = item.Scenario
	return r
}

func asItMust(_ int, item Item) Result {
	if item == bad {
		return ofItem(item, record.Fail, "F2")
	}
	return ofItem(item, record.Pass, "")
}

func TestASeedRepeatsTheOrderAndTheSeedsOfASoak(t *testing.T) {
	one, same, other := newSoaking(1, time.Minute, asItMust), newSoaking(1, time.Minute, asItMust), newSoaking(2, time.Minute, asItMust)
	for _, s := range []*soaking{one, same, other} {
		s.Do(t.Context())
	}
	if !slices.Equal(one.done, same.done) || slices.Equal(one.done, other.done) || len(one.done) != 6 {
		t.Errorf("%v\n%v\n%v", one.done, same.done, other.done)
	}
}

func TestEveryItemIsRunOnceBeforeAnyIsRunAgainAndNoSeedTwice(t *testing.T) {
	s := newSoaking(7, 3*time.Minute, asItMust)
	soaked := s.Do(t.Context())
	if len(soaked.Samples) != 18 {
		t.Fatalf("%d runs", len(soaked.Samples))
	}
	seeds := map[int64]bool{}
	for i := 0; i < 18; i += 3 {
		lap := map[Item]bool{}
		for _, sample := range soaked.Samples[i : i+3] {
			lap[sample.Item], seeds[sample.Seed] = true, true
		}
		if len(lap) != 3 {
			t.Errorf("lap %d: %v", i/3, lap)
		}
	}
	if len(seeds) != 18 || seeds[0] {
		t.Errorf("%d seeds of 18 runs", len(seeds))
	}
}

func TestARunThatWouldNotEndInTimeIsNotBegun(t *testing.T) {
	s := newSoaking(1, 39*time.Second, asItMust)
	if soaked := s.Do(t.Context()); len(soaked.Samples) != 3 || soaked.Took != 30*time.Second || soaked.Ended != "" {
		t.Errorf("%+v", soaked)
	}
	s = newSoaking(1, 15*time.Second, asItMust)
	if never := s.Do(t.Context()).never(); len(never) != 2 {
		t.Errorf("never begun: %v", never)
	}
}

func TestASoakEndsAfterARunThatTheNextCouldNotFollow(t *testing.T) {
	for name, err := range map[string]error{"left something": scenarios.ErrUndoIncomplete, "no environment": scenarios.ErrEnvironment} {
		s := newSoaking(1, time.Hour, func(n int, item Item) Result {
			r := asItMust(n, item)
			if n == 1 {
				r.Err, r.Unmet = err, err.Error()
			}
			return r
		})
		soaked := s.Do(t.Context())
		if len(soaked.Samples) != 2 || soaked.Ended == "" || !errors.Is(soaked.Err, err) || len(soaked.Unmet()) != 1 {
			t.Errorf("%s: %+v", name, soaked)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	s := newSoaking(1, time.Hour, func(n int, item Item) Result { cancel(errors.New("interrupted")); return asItMust(n, item) })
	if soaked := s.Do(ctx); len(soaked.Samples) != 1 || soaked.Ended != "interrupted" {
		t.Errorf("%+v", soaked)
	}
}

func TestASoakWithoutARunHasShownNothing(t *testing.T) {
	s := newSoaking(1, time.Minute, asItMust)
	s.Items = nil
	if soaked := s.Do(t.Context()); len(soaked.Unmet()) == 0 {
		t.Error("nothing was run, and all is well")
	}
}

// eighteen runs of which one application's verdict changes once.
func changingSoak(t *testing.T) Soaked {
	t.Helper()
	times := 0
	return newSoaking(7, 3*time.Minute, func(n int, item Item) Result {
		r := asItMust(n, item)
		if item == third {
			times++
			r.Run.Requests = make([]record.Request, times)
			for i := range times - 1 {
				r.Run.Requests[i].ErrKind = record.ErrRefused
			}
			if times == 4 {
				r = ofItem(item, record.Unknown, "")
				r.Unmet = "the generator\nwas late"
			}
		}
		if item == good {
			r.Run.Findings = []record.Finding{
				{Check: removalCheck, Verdict: record.Pass, Measured: record.Quantity{Value: 0.2, Unit: "s"}},
				{Check: removalCheck, Verdict: record.Pass, Measured: record.Quantity{Value: 0.1, Unit: "s"}},
				{Check: "other", Verdict: record.Pass, Measured: record.Quantity{Value: 9, Unit: "s"}},
			}
		}
		return r
	}).Do(t.Context())
}

func TestTheDistributionCountsVerdictsDiagnosesAndFigures(t *testing.T) {
	rows := changingSoak(t).distributions()
	for i, want := range []string{
		"graceful|pod-delete|6|6|0|0|0|6 of 6|–|0 / 0 / 0|200ms / 200ms / 200ms|10s / 10s / 10s",
		"closes-at-once|pod-delete|6|0|6|0|0|6 of 6|F2 × 6|0 / 0 / 0|–|10s / 10s / 10s",
		"graceful|scale|6|5|0|1|0|5 of 6|–|0 / 1 / 5|–|10s / 10s / 10s",
	} {
		if got := strings.Join(rows[i].cells(), "|"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAVerdictThatChangesIsPointedOutWithTheRunsThatDiffer(t *testing.T) {
	soaked := changingSoak(t)
	changing := soaked.changing()
	var odd string
	for _, sample := range soaked.Samples {
		if sample.Unmet != "" {
			odd = sample.Dir
		}
	}
	if len(changing) != 1 || !strings.HasPrefix(changing[0], "graceful under scale: pass in out/") || !strings.HasSuffix(changing[0], "; unknown in "+odd) {
		t.Errorf("%q, want the odd one %s", changing, odd)
	}
	steady := newSoaking(1, time.Minute, asItMust).Do(t.Context())
	if len(steady.changing()) > 0 || len(steady.Unmet()) > 0 {
		t.Errorf("%v, %v", steady.changing(), steady.Unmet())
	}
}

func TestTheReportOfASoakNamesEverythingThatWentWrong(t *testing.T) {
	soaked, dir := changingSoak(t), filepath.Join(t.TempDir(), "new")
	if err := soaked.Write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, SoakFile))
	if err != nil {
		t.Fatal(err)
	}
	var terminal strings.Builder
	if err := soaked.Text(&terminal); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"17 of 18 runs as they must be, in 3m0s, seed 7", "## Not as it must be\n\n- graceful under scale: the generator was late (out/", "## The verdict changes"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	if !strings.Contains(terminal.String(), "The verdict changes between runs of the same:\n  graceful under scale: pass in") || strings.Contains(terminal.String(), "Never begun") {
		t.Errorf("%s", terminal.String())
	}
}

func TestTheRemovalLatencyComesFromACheckThatThereIs(t *testing.T) {
	if !slices.ContainsFunc(assertions.All(), func(c assertions.Check) bool { return c.Name == removalCheck }) {
		t.Errorf("there is no check %s", removalCheck)
	}
}
