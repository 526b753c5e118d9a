package scenarios

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// executed runs a scenario with the fault in the world, whose application is called app.
func (w *world) executed(ctx context.Context, fault faults.Fault, change ...func(*Options)) (*record.Run, error) {
	w.t.Helper()
	o := Options{Limits: quick(), Save: w.save, SLO: record.DefaultSLO()}
	o.SLO.EndpointRemoval = 10 * time.Millisecond
	for _, f := range change {
		f(&o)
	}
	s := Scenario{Name: "scenario", Loads: httpLoads(), Fault: fault, Control: time.Millisecond}
	run, err := Execute(ctx, w, s, apps.App{Name: "app"}, o)
	if run == nil {
		w.t.Fatal("there is no record")
	}
	return run, err
}

func TestARunGoesThroughItsStepsInOrderAndIsSavedBeforeAnythingIsUndone(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil {
		t.Fatal(err)
	}
	w.wants("describe, stage, start, inject fault, whole, so far, stop, records, save, undo fault, close, save")
	if got, want := kinds(run, record.SourceCommand), "LoadBegan, ControlBegan, ControlEnded, RoundBegan, RoundEnded, LoadStopped, UndoBegan, UndoEnded"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if len(run.Windows) != 2 || len(run.Faults) != 1 || !run.Faults[0].Happened || run.Windows[1].Began != run.Faults[0].Began {
		t.Errorf("windows %+v, faults %+v", run.Windows, run.Faults)
	}
	if len(run.Requests) != 2 || run.Requests[0].Seq != 1 || run.Requests[0].Due != time.Second || run.Agents[0].Sent != 2 {
		t.Errorf("requests %+v of %+v", run.Requests, run.Agents)
	}
	if run.Aborted != "" || len(run.Errors) > 0 || run.Verdict != record.Unknown {
		t.Errorf("aborted %q, errors %v, verdict %s", run.Aborted, run.Errors, run.Verdict)
	}
}

func TestWhatIsSavedFirstHoldsEverythingThatWasSeen(t *testing.T) {
	w := newWorld(t)
	if _, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}); err != nil {
		t.Fatal(err)
	}
	first, last := w.saved[0], w.saved[len(w.saved)-1]
	if len(w.saved) != 2 || len(first.Requests) != 2 || len(first.Faults) != 1 || len(first.Pods) != 1 || strings.Contains(kinds(first, record.SourceCommand), record.UndoBegan) {
		t.Errorf("%d saves, the first %+v", len(w.saved), first)
	}
	if !strings.HasSuffix(kinds(last, record.SourceCommand), "UndoBegan, UndoEnded") {
		t.Errorf("the last one: %s", kinds(last, record.SourceCommand))
	}
}

func TestTheSpansOfARunSayWhereItsTimeWentWithoutAGap(t *testing.T) {
	w := newWorld(t)
	looks := 0
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) {
		o.Enough = func(*record.Run) bool { looks++; return looks == 2 }
	})
	if err != nil {
		t.Fatal(err)
	}
	var parts []record.Part
	at := run.Spans[0].Began
	for _, s := range run.Spans {
		parts = append(parts, s.Part)
		if s.Began != at || s.Ended < s.Began {
			t.Errorf("%+v begins at %s, not at %s", s, s.Began, at)
		}
		at = s.Ended
	}
	round := []record.Part{record.Aiming, record.Disrupting, record.Settling, record.Looking}
	want := slices.Concat([]record.Part{record.Deploying, record.Controlling}, round, round,
		[]record.Part{record.Finishing, record.Collecting, record.Saving, record.Undoing, record.Removing})
	if !slices.Equal(parts, want) {
		t.Errorf("%v, want %v", parts, want)
	}
	if run.Spans[3].Began != run.Windows[1].Began || at > run.Ended || run.Spans[0].Began > 100*time.Millisecond {
		t.Errorf("windows %+v, ended %s, spans %+v", run.Windows, run.Ended, run.Spans)
	}
}

func TestARunThatBreaksOffSaysWhereItsTimeWentUntilThen(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault", inject: func() error { panic("a bug") }})
	if err == nil || len(run.Spans) < 3 || run.Spans[len(run.Spans)-1].Part != record.Removing {
		t.Errorf("%v, %+v", err, run.Spans)
	}
}

func TestThereIsNoTrafficBeforeTheWayIsClear(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) {
		o.Clear = func(context.Context) error { w.did("clear"); return nil }
	})
	if err != nil || run.Spans[1].Part != record.Waiting {
		t.Errorf("%v, %+v", err, run.Spans)
	}
	w.wants("describe, stage, clear, start, inject fault, whole, so far, stop, records, save, undo fault, close, save")
}

func TestARunWhoseWayIsNeverClearIsTakenDownWithoutTraffic(t *testing.T) {
	w := newWorld(t)
	_, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) {
		o.Clear = func(context.Context) error { return errOnPurpose }
	})
	if !errors.Is(err, ErrAborted) || !errors.Is(err, errOnPurpose) {
		t.Errorf("%v", err)
	}
	w.wants("describe, stage, save, close, save")
}

func TestWhatARunDeployedStaysUntilItIsConcluded(t *testing.T) {
	for _, failing := range []error{nil, errOnPurpose} {
		w := newWorld(t)
		w.undoing = failing
		o := Options{Limits: quick(), Save: w.save, SLO: record.DefaultSLO()}
		o.SLO.EndpointRemoval = 10 * time.Millisecond
		s := Scenario{Name: "scenario", Loads: httpLoads(), Fault: fakeFault{world: w, name: "fault"}, Control: time.Millisecond}
		observed := Observe(t.Context(), w, s, apps.App{Name: "app"}, o)
		w.wants("describe, stage, start, inject fault, whole, so far, stop, records, save, undo fault")
		if observed.Clean() != (failing == nil) {
			t.Errorf("undo %v: clean is %t", failing, observed.Clean())
		}
		if _, err := observed.Conclude(); errors.Is(err, ErrUndoIncomplete) != (failing != nil) {
			t.Errorf("%v", err)
		}
		w.wants("describe, stage, start, inject fault, whole, so far, stop, records, save, undo fault, close, save")
	}
}

func TestAPanicIsRecordedAndEverythingUndone(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault", inject: func() error { panic("a bug") }})
	if !errors.Is(err, ErrAborted) || !strings.Contains(run.Aborted, "a bug") {
		t.Errorf("%v, aborted %q", err, run.Aborted)
	}
	if !strings.HasSuffix(w.done(), "save, close, save") || w.saved[0].Aborted == "" {
		t.Errorf("steps %s", w.done())
	}
	if got := kinds(run, record.SourceCommand); !strings.Contains(got, record.Panicked) || !strings.HasSuffix(got, record.UndoEnded) {
		t.Errorf("events %s", got)
	}
}

func TestAnInterruptedRunKeepsWhatItSawAndIsUndoneWithALiveContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.whole = func(ctx context.Context) error {
		cancel(errors.New("interrupted by interrupt"))
		<-ctx.Done()
		return ctx.Err()
	}
	run, err := w.executed(ctx, fakeFault{world: w, name: "fault"})
	if !errors.Is(err, ErrAborted) || errors.Is(err, ErrUndoIncomplete) || run.Aborted != "interrupted by interrupt" {
		t.Errorf("%v, aborted %q", err, run.Aborted)
	}
	w.wants("describe, stage, start, inject fault, whole, stop, records, save, undo fault, close, save")
	if len(run.Requests) != 2 || len(run.Windows) != 2 || !strings.HasSuffix(kinds(run, record.SourceCommand), "Interrupted, UndoBegan, UndoEnded") {
		t.Errorf("%d requests, windows %+v, events %s", len(run.Requests), run.Windows, kinds(run, record.SourceCommand))
	}
}

func TestAnUndoThatFailsIsToldAndTheOthersHaveTheirTurn(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		says  string
	}{
		"of the fault":                    {func(w *world) { w.undoing = errOnPurpose }, "undoing fault of pod: on purpose"},
		"of the stage":                    {func(w *world) { w.closing = errOnPurpose }, "on purpose"},
		"that nobody told the journal of": {func(w *world) { w.forgets = true }, "namespace forgotten"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.spoil(w)
			run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"})
			if !errors.Is(err, ErrUndoIncomplete) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if !strings.HasSuffix(w.done(), "undo fault, close, save") {
				t.Errorf("steps %s", w.done())
			}
			last := run.Events[len(run.Events)-1]
			if last.Kind != record.UndoIncomplete || !strings.Contains(last.Detail, c.says) {
				t.Errorf("the last event is %+v", last)
			}
		})
	}
}

func TestWhatCouldNotBeUndoneStaysInTheJournalAndAnAbortedRunLeavesNone(t *testing.T) {
	folder := t.TempDir()
	onDisk := func(o *Options) {
		o.Journal = func(run string) (*journal.Journal, error) { return journal.Create(folder, run, "kind-lastcall") }
	}
	w := newWorld(t)
	w.forgets = true
	if _, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, onDisk); !errors.Is(err, ErrUndoIncomplete) {
		t.Fatal(err)
	}
	found, err := journal.Leftovers(folder)
	if err != nil || len(found) != 1 || found[0].Live || len(found[0].Entries) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	folder = t.TempDir()
	w = newWorld(t)
	if _, err := w.executed(t.Context(), fakeFault{world: w, name: "fault", inject: func() error { panic("a bug") }}, onDisk); !errors.Is(err, ErrAborted) {
		t.Fatal(err)
	}
	if found, err := journal.Leftovers(folder); err != nil || len(found) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWithoutAJournalNothingIsDeployed(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) {
		o.Journal = func(string) (*journal.Journal, error) { return nil, errOnPurpose }
	})
	if !errors.Is(err, ErrEnvironment) || len(run.Errors) != 1 {
		t.Errorf("%v, %v", err, run.Errors)
	}
	w.wants("save")
}

func TestAFaultThatIsNotObservedDidNotHappen(t *testing.T) {
	w := newWorld(t)
	w.unseen = true
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil {
		t.Fatal(err)
	}
	w.wants("describe, stage, start, inject fault, so far, stop, records, save, undo fault, close, save")
	if len(run.Faults) != 1 || run.Faults[0].Happened || run.Faults[0].Error != "" {
		t.Errorf("%+v", run.Faults)
	}
}

func TestAFaultThatFailsIsRecordedWithItsErrorAndUndone(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault", inject: func() error { return errOnPurpose }})
	if !errors.Is(err, errOnPurpose) || len(run.Errors) != 1 {
		t.Errorf("%v, %v", err, run.Errors)
	}
	if len(run.Faults) != 1 || run.Faults[0].Error != "on purpose" || run.Faults[0].Happened {
		t.Errorf("%+v", run.Faults)
	}
	w.wants("describe, stage, start, inject fault, stop, records, save, undo fault, close, save")
}

func TestAFaultThatIsLeftOutIsNotInjectedAndSaysSo(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) { o.SkipFault = true })
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.done(), "inject") || len(run.Faults) != 1 || run.Faults[0].Error == "" || run.Faults[0].Happened {
		t.Errorf("steps %s, faults %+v", w.done(), run.Faults)
	}
}

func TestRoundsGoOnUntilEnoughIsKnownAndNoLongerThanTheSLOAllows(t *testing.T) {
	for _, c := range []struct{ most, enough, want int }{{4, 2, 2}, {3, 9, 3}} {
		w := newWorld(t)
		looks := 0
		run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"}, func(o *Options) {
			o.Rounds, o.Enough = c.most, func(*record.Run) bool { looks++; return looks == c.enough }
		})
		if err != nil || len(run.Faults) != c.want || run.Faults[len(run.Faults)-1].Round != c.want {
			t.Errorf("%+v: %v, %d rounds", c, err, len(run.Faults))
		}
	}
}

func TestAStageThatCannotBeMadeIsTheEnvironmentsFaultAndNothingIsLeft(t *testing.T) {
	w := newWorld(t)
	w.staging = errOnPurpose
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"})
	if !errors.Is(err, ErrEnvironment) || !strings.HasSuffix(kinds(run, record.SourceCommand), record.UndoEnded) {
		t.Errorf("%v, events %s", err, kinds(run, record.SourceCommand))
	}
	w.wants("describe, stage, save, save")
}

func TestFaultsTogetherAreInjectedOuterFirstRecordedEachAndUndoneInReverse(t *testing.T) {
	w := newWorld(t)
	outer := lastingFault{fakeFault{world: w, name: "outer"}}
	inner := fakeFault{world: w, name: "inner"}
	w.whole = func(context.Context) error {
		w.record(record.Event{At: time.Since(w.origin), Source: record.SourceCommand, Kind: record.ProxyResumed, Object: "outer"})
		return nil
	}
	run, err := w.executed(t.Context(), faults.During{Outer: outer, Inner: inner})
	if err != nil {
		t.Fatal(err)
	}
	w.wants("describe, stage, start, inject outer, inject inner, whole, so far, stop, records, save, undo inner, undo outer, close, save")
	if len(run.Faults) != 2 || run.Faults[0].Name != "outer" || run.Faults[1].Name != "inner" || !run.Faults[0].Happened || !run.Faults[1].Happened {
		t.Errorf("%+v", run.Faults)
	}
	if run.Windows[1].Began != run.Faults[0].Began {
		t.Errorf("the window begins at %s, the outer fault at %s", run.Windows[1].Began, run.Faults[0].Began)
	}
}

func TestARoundDoesNotEndBeforeAFaultThatLasts(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), faults.During{Outer: lastingFault{fakeFault{world: w, name: "outer"}}, Inner: fakeFault{world: w, name: "inner"}},
		func(o *Options) { o.Limits.Whole = 50 * time.Millisecond })
	if err == nil || len(run.Errors) != 1 {
		t.Errorf("%v, errors %v", err, run.Errors)
	}
}

func TestWhenTheOuterFaultFailsTheInnerOneIsLeftOut(t *testing.T) {
	w := newWorld(t)
	outer := lastingFault{fakeFault{world: w, name: "outer", inject: func() error { return errOnPurpose }}}
	run, err := w.executed(t.Context(), faults.During{Outer: outer, Inner: fakeFault{world: w, name: "inner"}})
	if err == nil || len(run.Faults) != 1 || run.Faults[0].Name != "outer" || run.Faults[0].Error == "" {
		t.Errorf("%v, %+v", err, run.Faults)
	}
	w.wants("describe, stage, start, inject outer, stop, records, save, undo outer, close, save")
}

func TestAfterTheLastRecordOnlyTheCommandIsHeard(t *testing.T) {
	log := newEventLog(nobody{})
	log.add(record.Event{Source: record.SourcePod, Kind: record.PodReady})
	log.seal()
	log.add(record.Event{Source: record.SourcePod, Kind: record.PodGone})
	log.add(record.Event{Source: record.SourceCommand, Kind: record.UndoBegan})
	if all := log.all(); len(all) != 2 || all[1].Kind != record.UndoBegan {
		t.Errorf("%+v", all)
	}
}
