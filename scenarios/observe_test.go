package scenarios

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
)

// observable is a world whose stage can be observed.
type observable struct {
	*world
	reads func(context.Context) []record.Scrape
}

func (o observable) Stage(ctx context.Context, spec fixtures.StageSpec) (fixtures.Stage, error) {
	_, err := o.world.Stage(ctx, spec)
	return observedStage{fakeStage{o.world}, o.reads}, err
}

type observedStage struct {
	fakeStage
	reads func(context.Context) []record.Scrape
}

func (s observedStage) Observe(ctx context.Context, every bool) []record.Scrape {
	s.did(map[bool]string{true: "observe all", false: "observe some"}[every])
	return s.reads(ctx)
}

func (s observedStage) ObservePod(_ context.Context, pod string) []record.Scrape {
	s.did("observe " + pod)
	return []record.Scrape{{Source: record.ScrapedApp, Object: pod}}
}

// observed runs a scenario whose disruption lasts for a length of time that passes in no time.
func observed(t *testing.T, length time.Duration, reads func(context.Context) []record.Scrape) (w *world, run *record.Run) {
	t.Helper()
	w = newWorld(t)
	w.whole = func(context.Context) error {
		time.Sleep(length)
		return nil
	}
	s := Scenario{Name: "scenario", Loads: httpLoads(), Fault: fakeFault{world: w, name: "fault"}, Control: time.Millisecond}
	o := Options{Limits: quick(), Save: w.save, SLO: record.DefaultSLO()}
	run, err := Execute(t.Context(), observable{w, reads}, s, apps.App{Name: "app"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return w, run
}

func TestComponentsAreReadBeforeDuringAndAfterTheDisruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w, run := observed(t, 22*time.Second, func(context.Context) []record.Scrape {
			return []record.Scrape{{Source: record.ScrapedAPIServer, At: time.Since(began)}, {Source: record.ScrapedApp, Error: "down"}}
		})
		if steps := w.done(); !strings.Contains(steps, "stage, observe all, start, inject fault, whole, observe some, observe some, ") || !strings.Contains(steps, "stop, records, observe all, save") {
			t.Errorf("steps %s", steps)
		}
		from, to, ok := run.Disrupted()
		var before, during, after int
		for i, s := range run.Scrapes {
			if want := i/2 + 1; s.Reading != want {
				t.Errorf("scrape %d belongs to reading %d, want %d", i, s.Reading, want)
			}
			switch {
			case s.Source != record.ScrapedAPIServer:
			case s.At <= from:
				before++
			case s.At >= to:
				after++
			default:
				during++
			}
		}
		if !ok || before != 1 || during != 2 || after != 1 {
			t.Errorf("%d before, %d during, %d after", before, during, after)
		}
		if len(w.saved[0].Scrapes) != len(run.Scrapes) {
			t.Error("they were not saved with the rest")
		}
	})
}

func TestAPodIsReadOnceMoreWhenItIsToldToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.whole = func(context.Context) error {
			for _, pod := range []string{"first", "second", "first"} {
				w.record(record.Event{Source: record.SourceApp, Kind: record.AppSignal, Object: pod})
				time.Sleep(time.Second)
			}
			return nil
		}
		s := Scenario{Name: "scenario", Loads: httpLoads(), Fault: fakeFault{world: w, name: "fault"}, Control: time.Millisecond}
		nothing := func(context.Context) []record.Scrape { return nil }
		run, err := Execute(t.Context(), observable{w, nothing}, s, apps.App{Name: "app"}, Options{Limits: quick(), Save: w.save, SLO: record.DefaultSLO()})
		if err != nil || len(run.Scrapes) != 2 || run.Scrapes[0].Object != "first" || run.Scrapes[1].Reading <= run.Scrapes[0].Reading {
			t.Errorf("%v, %+v", err, run.Scrapes)
		}
		if steps := w.done(); strings.Count(steps, "observe first") != 1 || strings.Count(steps, "observe second") != 1 {
			t.Errorf("steps %s", steps)
		}
	})
}

func TestAReadingThatHangsOrPanicsDoesNotKeepTheRunFromItsEnd(t *testing.T) {
	for name, reads := range map[string]func(context.Context) []record.Scrape{
		"hangs": func(ctx context.Context) []record.Scrape {
			<-ctx.Done()
			return []record.Scrape{{Source: record.ScrapedAPIServer, Error: ctx.Err().Error()}}
		},
		"panics": func(context.Context) []record.Scrape { panic("a bug") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, run := observed(t, 6*time.Second, reads)
				if len(run.Errors) > 0 || run.Aborted != "" || len(run.Scrapes) < 2 || time.Since(began) > time.Minute {
					t.Errorf("errors %v, aborted %q, %d scrapes after %s", run.Errors, run.Aborted, len(run.Scrapes), time.Since(began))
				}
				for _, s := range run.Scrapes {
					if s.Error == "" {
						t.Errorf("%+v", s)
					}
				}
			})
		})
	}
}

func TestTheReadingsOfALongDisruptionAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExecution(newWorld(t), Scenario{}, apps.App{}, Options{})
		x.stage = observedStage{fakeStage{newWorld(t)}, func(context.Context) []record.Scrape { return make([]record.Scrape, 100) }}
		stop := x.observeDuring(t.Context())
		time.Sleep(time.Hour)
		stop()
		if n := len(x.readings.all()); n != maxScrapes {
			t.Errorf("%d scrapes", n)
		}
	})
}

func TestAnInterruptedRunIsNotReadOnceMore(t *testing.T) {
	w := newWorld(t)
	x := newExecution(w, Scenario{Fault: fakeFault{world: w, name: "fault"}}, apps.App{}, Options{})
	x.stage = observedStage{fakeStage{w}, func(context.Context) []record.Scrape { return make([]record.Scrape, 1) }}
	ctx, cancel := context.WithCancel(t.Context())
	x.observeAll(ctx)
	cancel()
	x.observeAll(ctx)
	if n := len(x.readings.all()); n != 1 {
		t.Errorf("%d readings", n)
	}
}
