package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// watched is a run in which one watch on config maps and one on pods saw everything.
func watched() *record.Run {
	run := lived().acked(deleteVerb, "a", "12", "").acked(createVerb, "b", "", "14").ends("b 14 5")
	leg := func(end string) record.WatchLeg {
		return record.WatchLeg{Opened: time.Second, Ended: 2 * time.Second, Events: 2, End: end}
	}
	run.Ledger.Watches = []record.Watch{
		{Agent: "agent-0", Source: record.WatchesAPI, What: "configmaps", Ended: time.Minute, First: 11, Last: 14, Seen: 4,
			Legs: []record.WatchLeg{leg(record.WatchClean), leg(record.WatchExpired), leg(record.WatchSilent), leg(record.WatchDone)}, Relists: []record.Relist{{From: 11, To: 12}}},
		{Agent: "agent-0", Source: record.WatchesAPI, What: "pods", Ended: time.Minute, Seen: 2, Legs: []record.WatchLeg{leg(record.WatchBookmark), leg(record.WatchCut)}},
	}
	return run
}

func TestAWatchOfTheAPIThatSawEverythingPasses(t *testing.T) {
	f := checkNamed(t, "watch-continuity").Eval(watched())[0]
	if f.Verdict != record.Pass || f.Measured.Value != 0 {
		t.Errorf("%+v", f)
	}
	for _, words := range []string{"2 watches", "6 events in 6 legs", "1 ended in order", "1 answered with 410", "1 given up", "1 cut off", "1 gap shown by a list"} {
		if !strings.Contains(f.Message, words) {
			t.Errorf("%q lacks %q", f.Message, words)
		}
	}
}

func TestAWatchOfTheAPIThatIsNotContinuousFails(t *testing.T) {
	for what, c := range map[string]struct {
		change func(w *record.Watch)
		flaws  float64
		words  []string
	}{
		"an event is missing": {func(w *record.Watch) {
			w.Missing, w.Flaws = 1, []record.Flaw{{Kind: record.FlawMissing, From: 12, To: 12, Leg: 1, At: 3 * time.Second}}
		}, 1, []string{"update 2 of a (version 12) missing", "in leg 2 at 3.00 s"}},
		"a delete is missing": {func(w *record.Watch) {
			w.Missing, w.Flaws = 1, []record.Flaw{{Kind: record.FlawMissing, From: 12, To: 14}}
		}, 1, []string{"delete 4 of a (between version 12 and 14) missing"}},
		"one came twice": {func(w *record.Watch) {
			w.Doubled, w.Flaws = 1, []record.Flaw{{Kind: record.FlawDoubled, From: 14, To: 14}}
		}, 1, []string{"create 5 of b (version 14) doubled"}},
		"one came late": {func(w *record.Watch) {
			w.Disordered, w.Flaws = 1, []record.Flaw{{Kind: record.FlawDisordered, From: 13, To: 13}}
		}, 1, []string{"version 13 out of order"}},
		"more than are listed": {func(w *record.Watch) {
			w.Doubled, w.Missing, w.Flaws = 30, 1, []record.Flaw{{Kind: record.FlawDoubled, From: 14, To: 14}}
		}, 31, []string{"30 more"}},
		"of somebody unknown": {func(w *record.Watch) {
			w.Missing, w.Flaws = 1, []record.Flaw{{Kind: record.FlawMissing, From: 5, To: 7}}
		}, 1, []string{"a change between version 5 and 7 missing"}},
		"though it did not come to its end": {func(w *record.Watch) {
			w.Doubled, w.Flaws, w.Error = 1, []record.Flaw{{Kind: record.FlawDoubled, From: 14, To: 14}}, "some were still to come"
		}, 1, []string{"doubled"}},
	} {
		t.Run(what, func(t *testing.T) {
			run := watched()
			c.change(&run.Ledger.Watches[0])
			f := checkNamed(t, "watch-continuity").Eval(run)[0]
			if f.Verdict != record.Fail || f.Diagnosis != record.Unexplained || f.Measured.Value != c.flaws {
				t.Errorf("%+v", f)
			}
			for _, words := range c.words {
				if !strings.Contains(f.Message, words) {
					t.Errorf("%q lacks %q", f.Message, words)
				}
			}
		})
	}
}

func TestAWatchOfTheAPIOfWhichTooLittleIsKnownIsUndecided(t *testing.T) {
	for what, c := range map[string]struct {
		change func(run *record.Run)
		words  string
	}{
		"no watch at all": {func(run *record.Run) { run.Ledger.Watches = nil }, "no watch of agent-0"},
		"only an application's": {func(run *record.Run) {
			run.Ledger.Watches = []record.Watch{{Agent: "agent-0", Source: record.WatchesApp, Ended: 1}}
		}, "no watch of agent-0"},
		"an agent without one":   {func(run *record.Run) { run.Agents = append(run.Agents, record.Agent{Name: "agent-1"}) }, "no watch of agent-1"},
		"it did not come so far": {func(run *record.Run) { run.Ledger.Watches[0].Error = "2 changes were still to come" }, "still to come"},
		"it was cut off":         {func(run *record.Run) { run.Ledger.Watches[1].Canceled = true }, "deadline"},
		"it goes on":             {func(run *record.Run) { run.Ledger.Watches[0].Ended = 0 }, "has not ended"},
	} {
		t.Run(what, func(t *testing.T) {
			run := watched()
			c.change(run)
			f := checkNamed(t, "watch-continuity").Eval(run)[0]
			if f.Verdict != record.Unknown || !strings.Contains(f.Message, c.words) {
				t.Errorf("%+v", f)
			}
		})
	}
}
