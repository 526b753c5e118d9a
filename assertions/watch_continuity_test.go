package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// loseEvents adds a flaw to what the leg of the watch showed.
func loseEvents(w *record.Watch, kind record.FlawKind, leg int, from, to uint64) {
	flaw := record.Flaw{Kind: kind, From: from, To: to, Leg: leg, At: w.Legs[leg].Opened}
	w.Flaws = append(w.Flaws, flaw)
	switch kind {
	case record.FlawMissing:
		w.Missing, w.Seen = w.Missing+flaw.Count(), w.Seen-flaw.Count()
		if from == w.Legs[leg].From {
			w.Legs[leg].From = to + 1
		}
	case record.FlawDoubled:
		w.Doubled += flaw.Count()
	case record.FlawDisordered:
		w.Disordered += flaw.Count()
	}
}

func TestAWatchShowsEachEventOnceAndInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*testing.T, *record.Run)
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"resumed with all events": {func(*testing.T, *record.Run) {}, record.Pass, "", "28 watches showed 2,240 events, each once and in order, over 3 reconnects (3 bookmark)"},
		"a gap after a reconnect": {func(t *testing.T, r *record.Run) {
			w := resumed(t, r)
			loseEvents(w, record.FlawMissing, 1, w.Legs[1].From, w.Legs[1].From+1)
		}, record.Fail, "F31", "2 lost, 0 doubled, 0 out of order; events"},
		"begun with what happens next": {func(_ *testing.T, r *record.Run) {
			w := &r.Ledger.Watches[1]
			loseEvents(w, record.FlawMissing, 0, w.First, w.First)
		}, record.Fail, "F31", "it was to go on from version"},
		"resumed too early": {func(t *testing.T, r *record.Run) {
			w := resumed(t, r)
			loseEvents(w, record.FlawDoubled, 1, w.Legs[1].Since, w.Legs[1].Since)
		}, record.Fail, "F31", "1 doubled"},
		"one lost within a connection": {func(_ *testing.T, r *record.Run) {
			w := &r.Ledger.Watches[1]
			loseEvents(w, record.FlawMissing, 0, w.First+5, w.First+5)
		}, record.Fail, record.Unexplained, "within one connection"},
		"one doubled within a connection": {func(_ *testing.T, r *record.Run) {
			w := &r.Ledger.Watches[1]
			loseEvents(w, record.FlawDoubled, 0, w.First+5, w.First+5)
		}, record.Fail, record.Unexplained, "doubled at"},
		"two swapped": {func(t *testing.T, r *record.Run) {
			w := resumed(t, r)
			loseEvents(w, record.FlawDisordered, 1, w.Legs[1].From, w.Legs[1].From)
		}, record.Fail, record.Unexplained, "out of order"},
		"the last events never came": {func(_ *testing.T, r *record.Run) {
			w := &r.Ledger.Watches[1]
			w.Legs[0].To -= 3
			loseEvents(w, record.FlawMissing, 0, w.Last-2, w.Last)
		}, record.Fail, record.Unexplained, "3 lost"},
		"flaws counted and none listed": {func(_ *testing.T, r *record.Run) { r.Ledger.Watches[1].Missing = 1 }, record.Fail, record.Unexplained, "1 lost"},
		"flaws of legs that are not there": {func(_ *testing.T, r *record.Run) {
			w := &r.Ledger.Watches[1]
			loseEvents(w, record.FlawMissing, 0, w.First, w.First)
			w.Legs = nil
		}, record.Fail, record.Unexplained, "never had a connection"},
		"taken up by a list": {func(t *testing.T, r *record.Run) {
			w := resumed(t, r)
			w.Legs[0].End, w.Legs[0].Code = record.WatchExpired, 410
			w.Relists = []record.Relist{{At: w.Legs[1].Began, From: w.Legs[0].To, To: w.Legs[1].Since}}
		}, record.Pass, "", "(1 410, 2 bookmark); 1 list took up"},
		"an end that is not known": {func(_ *testing.T, r *record.Run) {
			r.Ledger.Watches[1].Last, r.Ledger.Watches[1].Error = 0, "its last list: refused"
		}, record.Unknown, "", "its last list: refused"},
		"a beginning that is not known": {func(_ *testing.T, r *record.Run) { r.Ledger.Watches[1].First = 0 }, record.Unknown, "", "not recorded"},
		"one canceled before its end":   {func(_ *testing.T, r *record.Run) { r.Ledger.Watches[1].Last, r.Ledger.Watches[1].Canceled = 0, true }, record.Pass, "", "28 watches"},
		"no event at all": {func(_ *testing.T, r *record.Run) {
			for i := range r.Ledger.Watches {
				r.Ledger.Watches[i].Seen = 0
			}
		}, record.Unknown, "", "no event at all"},
		"none was open at the pod": {func(_ *testing.T, r *record.Run) {
			for i := range r.Ledger.Watches {
				r.Ledger.Watches[i].Legs[0].Pod = "app-3"
			}
		}, record.Skipped, "", "nothing was tested"},
		"none recorded": {func(_ *testing.T, r *record.Run) { r.Ledger.Watches = nil }, record.Unknown, "", "the record holds none"},
	} {
		t.Run(name, func(t *testing.T) {
			run := watching(build(graceful()))
			c.change(t, run)
			f := wants(t, run, "watch-continuity", string(record.AppWatch), c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func TestWithoutWatchesInTheTrafficThereIsNothingToContinue(t *testing.T) {
	wants(t, build(graceful()), "watch-continuity", "", record.Skipped, "")
	run := build(graceful())
	run.Clients = []record.Load{{Class: record.APIWatch, Rate: 1}} // it keeps no ledger
	wants(t, run, "watch-continuity", "", record.Skipped, "")
}

func TestWatchesOfTheAPIAreJudgedBesideThoseOfTheApplicationAndAreNoTraffic(t *testing.T) {
	run := watching(build(graceful()))
	for _, a := range run.Agents {
		run.Ledger.Watches = append(run.Ledger.Watches, record.Watch{Agent: a.Name, Class: record.APIObjects, Source: record.WatchesAPI, What: "configmaps",
			Began: 10 * time.Second, Ended: 40 * time.Second, Seen: 3, Legs: []record.WatchLeg{{Pod: "kube-apiserver", End: record.WatchDone}}})
	}
	wants(t, run, "watch-continuity", string(record.AppWatch), record.Pass, "")
	wants(t, run, "watch-continuity", string(record.APIObjects), record.Pass, "")
	wants(t, run, "load-was-real", "", record.Pass, "")
	run.Ledger.Watches[len(run.Ledger.Watches)-1].Missing = 1
	wants(t, run, "watch-continuity", string(record.AppWatch), record.Pass, "")
	wants(t, run, "watch-continuity", string(record.APIObjects), record.Fail, record.Unexplained)
}
