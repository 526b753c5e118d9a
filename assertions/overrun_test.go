package assertions

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const shortGrace = 12 * time.Second

// overran is a pod that SIGKILL ended when its grace period was over, and with it what was in flight.
func overran(change func(*death)) *record.Run {
	d := death{closes: shortGrace, exits: shortGrace, code: 137, cuts: true, dataplane: idle()}
	change(&d)
	run := build(d)
	run.Workload.Grace = shortGrace
	return run
}

func reported(run *record.Run, after time.Duration, kind string, attr map[string]string) {
	run.Events = append(run.Events, record.Event{At: deletedAt + after, Source: record.SourceKubelet, Kind: kind, Object: victim, Attr: attr})
}

// held adds a stream that was open at the pod until SIGKILL.
func held(run *record.Run, class record.Class) {
	a := run.Agents[0]
	run.Ledger.Streams = append(run.Ledger.Streams, record.Stream{
		Agent: a.Name, Node: a.Node, Class: class, Due: deletedAt - time.Second, Began: deletedAt - time.Second, Ended: deletedAt + shortGrace, Canceled: true,
		Legs: []record.StreamLeg{{
			Pod: victim, Began: deletedAt - time.Second, Opened: deletedAt - 900*time.Millisecond, Ended: deletedAt + shortGrace,
			From: 1, To: 20, End: record.LegBroken, Kind: record.ErrTruncated,
		}},
	})
}

func logged(run *record.Run, after time.Duration, kind string) {
	run.Events = append(run.Events, record.Event{At: deletedAt + after, Source: record.SourceApp, Kind: kind, Object: victim})
}

func TestAPodThatIsKilledAtTheEndOfItsGracePeriodIsToldWhy(t *testing.T) {
	hook := func(length time.Duration) func(*death) { return func(d *death) { d.preStop = length } }
	same := func(*death) {}
	for name, c := range map[string]struct {
		death  func(*death)
		change func(*record.Run)
		want   string
	}{
		"nothing heeds the signal": {same, func(*record.Run) {}, "F4"},
		"the signal never reached it": {same, func(r *record.Run) {
			r.Probes = nil
			reported(r, signalAt, record.SignalSent, map[string]string{"signal": "SIGTERM", "delivered": "false"})
		}, "F4"},
		"ignored after a short preStop": {hook(5 * time.Second), func(r *record.Run) {
			reported(r, 5*time.Second+signalAt, record.SignalSent, map[string]string{"signal": "SIGTERM"})
		}, "F4"},
		"ignored after a preStop that left little": {hook(shortGrace - time.Second), func(r *record.Run) {
			reported(r, shortGrace-time.Second+signalAt, record.SignalSent, map[string]string{"signal": "SIGTERM"})
		}, "F4"},
		"no witness of what it did":         {same, func(r *record.Run) { r.Probes = nil }, record.Unexplained},
		"it logged the signal":              {same, func(r *record.Run) { logged(r, signalAt, record.AppSignal) }, "F5"},
		"it turned unready":                 {same, func(r *record.Run) { logged(r, signalAt, record.AppNotReady) }, "F5"},
		"its listener closed before":        {func(d *death) { d.closes = 4 * time.Second }, func(*record.Run) {}, "F5"},
		"its gRPC streams held it":          {func(d *death) { d.closes = 4 * time.Second }, func(r *record.Run) { held(r, record.GRPCStream) }, "F10"},
		"streams of another kind were open": {func(d *death) { d.closes = 4 * time.Second }, func(r *record.Run) { held(r, record.EventStream) }, "F5"},
		"its gRPC streams held it, and so did a request": {func(d *death) { d.closes = 4 * time.Second }, func(r *record.Run) {
			held(r, record.GRPCStream)
			for i := range r.Requests {
				if q := &r.Requests[i]; q.Class == record.NewSlow && q.Pod == victim && q.End > deletedAt+shortGrace/2 {
					q.End, q.ErrKind = deletedAt+shortGrace, record.ErrTruncated
				}
			}
		}, "F5"},
		"its gRPC streams had ended before": {func(d *death) { d.closes = 4 * time.Second }, func(r *record.Run) {
			held(r, record.GRPCStream)
			r.Ledger.Streams[0].Legs[0].Ended -= 5 * time.Second
		}, "F5"},
		"signal after a short preStop": {hook(5 * time.Second), func(r *record.Run) {
			logged(r, 5*time.Second+signalAt, record.AppSignal)
		}, "F5"},
		"preStop as long as the grace period": {hook(shortGrace), func(*record.Run) {}, "F6"},
		"the signal came with the end": {hook(time.Second), func(r *record.Run) {
			r.Workload.PreStop, r.Workload.PreStopKind = 0, "exec"
			logged(r, shortGrace-100*time.Millisecond, record.AppSignal)
		}, "F6"},
		"the hook was cut off with the end": {same, func(r *record.Run) {
			r.Workload.PreStopKind = "exec"
			reported(r, shortGrace, record.KubeletEvent, map[string]string{"reason": "FailedPreStopHook", "message": "PreStopHook failed"})
		}, "F6"},
		"a hook that failed at once": {same, func(r *record.Run) {
			r.Workload.PreStopKind = "exec"
			reported(r, signalAt, record.KubeletEvent, map[string]string{"reason": "FailedPreStopHook", "message": "PreStopHook failed"})
		}, "F4"},
		"a long hook that ended early": {hook(shortGrace), func(r *record.Run) { logged(r, signalAt, record.AppSignal) }, "F5"},
		"killed by its liveness probe": {same, func(r *record.Run) {
			reported(r, 5*time.Second, record.KubeletEvent, map[string]string{"reason": "Killing", "message": "Container app failed liveness probe, will be restarted"})
		}, "F22"},
		"a liveness kill before the delete": {same, func(r *record.Run) {
			reported(r, -5*time.Second, record.KubeletEvent, map[string]string{"reason": "Killing", "message": "Container app failed liveness probe, will be restarted"})
		}, "F4"},
		"killed long before its grace period": {func(d *death) { d.exits, d.closes = 6*time.Second, 6*time.Second }, func(*record.Run) {}, record.Unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			run := overran(c.death)
			c.change(run)
			f := wants(t, run, "exits-cleanly", victim, record.Fail, c.want)
			if known, ok := record.Explain(c.want); ok && !strings.Contains(f.Advice, known.Remedy) {
				t.Errorf("advice: %s", f.Advice)
			}
			if t.Failed() {
				show(t, run)
			}
		})
	}
}

func TestRequestsThatDieWithAnOverrunPodHaveItsCause(t *testing.T) {
	for want, change := range map[string]func(*record.Run){
		"F4": func(*record.Run) {},
		"F5": func(r *record.Run) { logged(r, signalAt, record.AppSignal) },
		"F6": func(r *record.Run) { r.Workload.PreStop = shortGrace },
	} {
		run := overran(func(d *death) { d.dataplane = []time.Duration{time.Minute, 0, 0} })
		change(run)
		run.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: want}
		Judge(run)
		n := 0
		for _, f := range run.Failures {
			if f.Diagnosis == want && strings.Contains(f.Why, "grace period 12") {
				n++
			}
		}
		if n == 0 || n != len(run.Failures) {
			t.Errorf("%d of %d failures are %s", n, len(run.Failures), want)
			show(t, run)
		}
	}
}

func TestThreeOverrunsMeetTheirExpectation(t *testing.T) {
	for want, run := range map[string]*record.Run{
		"F4": overran(func(*death) {}),
		"F5": overran(func(d *death) { d.closes = 5 * time.Second }),
		"F6": overran(func(d *death) { d.preStop = shortGrace }),
	} {
		run.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: want}
		if Judge(run); Meets(run) != nil {
			t.Errorf("%s: %v", want, Meets(run))
			show(t, run)
		}
	}
}

func TestAPodThatTakesNoteOfItsSignalAndOutlivesItsGraceByThePreStopHookIsF6(t *testing.T) {
	d := graceful() // exits with 0 after 13 s
	d.preStop = 11 * time.Second
	d.closes = 12500 * time.Millisecond
	run := build(d)
	run.Workload.Grace = 11 * time.Second
	f := wants(t, run, "exits-cleanly", victim, record.Fail, "F6")
	// preStop 11 s + 8 s of the longest request + 1 s to spare.
	if !strings.Contains(f.Advice, "terminationGracePeriodSeconds ≥ 2") {
		t.Errorf("without its figures: %s", f.Advice)
	}
}

func TestTheGraceThatTheDeleteGaveCounts(t *testing.T) {
	run := overran(func(*death) {})
	run.Workload.Grace = time.Minute
	i := slices.IndexFunc(run.Events, func(e record.Event) bool { return e.Kind == record.PodTerminating })
	run.Events[i].Attr = map[string]string{"grace": "12"}
	wants(t, run, "exits-cleanly", victim, record.Fail, "F4")
}

func TestAConnectionCutAsTheListenerClosesIsF9OnlyWhereTheListenerClosedInTime(t *testing.T) {
	cut := func(run *record.Run, closes time.Duration) {
		r := at(t, run, record.NewFast, deletedAt+closes-8*time.Millisecond)
		lose(r, record.ErrEOF, true, deletedAt+closes+time.Millisecond)
	}
	d := graceful()
	run := build(d)
	cut(run, d.closes)
	if f := failure(t, run); f.Diagnosis != "F9" || f.Pod != victim {
		t.Errorf("in time: %+v", f)
	}
	wants(t, run, "serves-until-removed", victim, record.Fail, "F9")
	d = closesAtOnce()
	run = build(d)
	cut(run, d.closes)
	if f := failure(t, run); f.Diagnosis != "F2" {
		t.Errorf("too early: %+v", f)
	}
}

func TestAnErrorAnswerOfATerminatingPodIsF12(t *testing.T) {
	for name, c := range map[string]struct {
		class record.Class
		after time.Duration
		code  int
		want  string
	}{
		"a new connection":      {record.NewFast, 300 * time.Millisecond, 503, "F12"},
		"before its removal":    {record.NewFast, 10 * time.Millisecond, 500, "F12"},
		"a kept-alive one":      {record.ReusedFast, 6 * time.Second, 503, "F12"},
		"the client's own":      {record.NewFast, 300 * time.Millisecond, 404, record.Unexplained},
		"before the delete":     {record.NewFast, -time.Second, 503, record.Unexplained},
		"accepted long before":  {record.NewSlow, -6 * time.Second, 500, record.Unexplained},
		"one that replaces it ": {record.NewFast, 300 * time.Millisecond, 0, record.Unexplained},
	} {
		run := build(graceful())
		r := at(t, run, c.class, deletedAt+c.after)
		r.Pod, r.Code, r.ErrKind = victim, c.code, record.ErrStatus
		if c.code == 0 {
			r.Pod, r.Code = "app-2", 503
		}
		if c.class.Slow() {
			r.FirstByte, r.End = deletedAt+2*time.Second, deletedAt+2*time.Second
		}
		if f := failure(t, run); f.Diagnosis != c.want {
			t.Errorf("%s: %+v, want %s", name, f, c.want)
		}
	}
}

func TestAnExitCodeAfterACleanDrainIsNotTakenForADeadProcess(t *testing.T) {
	d := graceful()
	d.code, d.logs, d.preStop, d.closes, d.exits = 143, false, 0, 3*time.Second, 8*time.Second
	run := build(d)
	wants(t, run, "exits-cleanly", victim, record.Fail, "F25")
	d.cuts, d.exits = true, 5*time.Second
	wants(t, build(d), "exits-cleanly", victim, record.Fail, record.Unexplained)
	d = exitsAtOnce()
	d.code = 143
	wants(t, build(d), "exits-cleanly", victim, record.Fail, "F1")
}
