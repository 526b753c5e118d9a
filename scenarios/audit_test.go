package scenarios

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// ordering runs a scenario with orders and jobs in the world.
func (w *world) ordering(ctx context.Context, fault faults.Fault) (*record.Run, error) {
	w.t.Helper()
	o := Options{Limits: quick(), Save: w.save, SLO: record.DefaultSLO()}
	o.SLO.EndpointRemoval = 10 * time.Millisecond
	s := Scenario{Name: "scenario", Loads: withOrders(httpLoads()), Fault: fault, Control: time.Millisecond}
	return Execute(ctx, w, s, apps.App{Name: "app"}, o)
}

func TestTheDatabaseIsReadAfterTheTrafficAndBeforeItIsTakenDown(t *testing.T) {
	w := newWorld(t)
	w.audited = func(context.Context) *record.Audit { return &record.Audit{At: time.Second} }
	run, err := w.ordering(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil {
		t.Fatal(err)
	}
	w.wants("describe, stage, start, inject fault, whole, so far, stop, records, audit, save, undo fault, close, save")
	if run.Audit == nil || run.Audit.At != time.Second || w.saved[0].Audit == nil || !w.database {
		t.Errorf("audit %+v, a database was asked for: %t", run.Audit, w.database)
	}
}

func TestAnInterruptedRunIsAuditedToo(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.audited = func(ctx context.Context) *record.Audit {
		if _, limited := ctx.Deadline(); ctx.Err() != nil || !limited {
			t.Errorf("audited with a context that has ended, or never does: %v", ctx.Err())
		}
		return &record.Audit{}
	}
	run, err := w.ordering(ctx, fakeFault{world: w, name: "fault", inject: func() error { cancel(); return nil }})
	if err == nil || run.Audit == nil || run.Audit.Error != "" {
		t.Errorf("%v, %+v", err, run.Audit)
	}
}

func TestAnAuditThatPanicsIsNotWorthTheRun(t *testing.T) {
	w := newWorld(t)
	w.audited = func(context.Context) *record.Audit { panic("a bug") }
	run, err := w.ordering(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil || run.Aborted != "" || run.Audit == nil || !strings.Contains(run.Audit.Error, "a bug") || strings.Contains(run.Audit.Error, "\n") {
		t.Errorf("%v, aborted %q, audit %+v", err, run.Aborted, run.Audit)
	}
}

func TestARunWithoutOrdersHasNoDatabaseAndNoAudit(t *testing.T) {
	w := newWorld(t)
	run, err := w.executed(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil || run.Audit != nil || w.database || strings.Contains(w.done(), "audit") {
		t.Errorf("%v, %+v, %s", err, run.Audit, w.done())
	}
}

func TestOrdersAreLeftOutWhereThereCanBeNoDatabase(t *testing.T) {
	w := newWorld(t)
	w.lacks = map[fixtures.Feature]string{fixtures.Database: "no PostgreSQL"}
	run, err := w.ordering(t.Context(), fakeFault{world: w, name: "fault"})
	if err != nil || run.Audit != nil || w.database || len(run.Loads) != len(httpLoads()) {
		t.Errorf("%v, %+v, loads %+v", err, run.Audit, run.Loads)
	}
	s, err := Find("pod-delete-transactions")
	if err != nil || s.Missing(w) == "" {
		t.Errorf("a scenario that is about orders would be run without them: %v", err)
	}
}

func TestAnApplicationThatIsWrongInItsOrdersMustFailOnlyWithOrders(t *testing.T) {
	wrong := apps.App{Name: "app", Diagnosis: "F19", Shows: []record.Class{record.Transactions}}
	with := Scenario{Fault: faults.PodDelete{}, Loads: withOrders(httpLoads())}
	without := Scenario{Fault: faults.PodDelete{}, Loads: httpLoads()}
	if e := with.expectation(wrong); e == nil || e.Diagnosis != "F19" {
		t.Errorf("%+v", e)
	}
	if e := without.expectation(wrong); e != nil {
		t.Errorf("%+v", e)
	}
	if e := without.expectation(apps.App{Name: "app", Diagnosis: "F2"}); e == nil || e.Diagnosis != "F2" {
		t.Errorf("%+v", e)
	}
}
