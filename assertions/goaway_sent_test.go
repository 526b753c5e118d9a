package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// sigterm is when graceful's signal comes in these runs, since the delete.
const sigterm = 5*time.Second + signalAt

// multiplexing adds an HTTP/2 connection to the victim that carries requests until so long after its SIGTERM, and the kinds
// of changes that follow.
func multiplexing(run *record.Run, carries time.Duration, changes ...func(*record.Connection)) *record.Run {
	a := run.Agents[0]
	c := record.Connection{
		Agent: a.Name, Node: a.Node, Class: record.HTTP2Fast, Conn: 900_000 + uint64(len(run.Ledger.Connections)), Pod: victim,
		Opened: time.Second, First: time.Second, Requests: 100, Answered: 100, End: record.ConnectionDone, Closed: run.Ended,
	}
	c.LastAnswer = deletedAt + sigterm + carries
	c.Last = c.LastAnswer
	for _, change := range changes {
		change(&c)
	}
	run.Ledger.Connections = append(run.Ledger.Connections, c)
	return run
}

func goAwayAfter(d time.Duration) func(*record.Connection) {
	return func(c *record.Connection) {
		c.GoAways = append(c.GoAways, record.GoAway{At: deletedAt + sigterm + d, LastStream: 1<<31 - 1})
	}
}

func endAfter(d time.Duration, how string) func(*record.Connection) {
	return func(c *record.Connection) {
		if c.End, c.Closed = how, deletedAt+sigterm+d; how == record.ConnectionBroken {
			c.Kind = record.ErrReset
		}
	}
}

func TestAnHTTP2ConnectionThatCarriesRequestsAfterSIGTERMIsToldToGoAway(t *testing.T) {
	killed := func(t *testing.T) *record.Run {
		t.Helper()
		d := graceful()
		d.exits, d.code = 13*time.Second, 137
		run := build(d)
		run.Workload.Grace = 13 * time.Second
		return run
	}
	hooked := func(run *record.Run) *record.Run {
		run.Workload.PreStopKind, run.Workload.PreStop = "exec", 0
		var kept []record.Event
		for _, e := range run.Events {
			if e.Source != record.SourceApp {
				kept = append(kept, e)
			}
		}
		run.Events = kept
		return run
	}
	const s = time.Second
	for name, c := range map[string]struct {
		run       *record.Run
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"told with its next answer":      {multiplexing(build(graceful()), 10*time.Millisecond, goAwayAfter(15*time.Millisecond), endAfter(20*time.Millisecond, record.ConnectionLeft)), record.Pass, "", "1 HTTP/2 connection"},
		"told at the end of the drain":   {multiplexing(build(graceful()), 4*s, goAwayAfter(5*s), endAfter(6*s, record.ConnectionLeft)), record.Pass, "", "the first 5.00 s"},
		"told, and then broken":          {multiplexing(build(graceful()), 4*s, goAwayAfter(5*s), endAfter(6*s, record.ConnectionBroken)), record.Pass, "", "1 HTTP/2 connection"},
		"told though nothing came":       {multiplexing(build(graceful()), -s, goAwayAfter(0), endAfter(s, record.ConnectionLeft)), record.Pass, "", "1 HTTP/2 connection"},
		"closed without a word":          {multiplexing(build(graceful()), 4*s, endAfter(5*s, record.ConnectionClosed)), record.Fail, "F8", "sent 4.00 s after it, and was closed 5.00 s after it"},
		"reset without a word":           {multiplexing(build(graceful()), 4*s, endAfter(5*s, record.ConnectionBroken)), record.Fail, "F8", "broke off (reset)"},
		"one of two was told":            {multiplexing(multiplexing(build(graceful()), 4*s, goAwayAfter(s), endAfter(5*s, record.ConnectionLeft)), 4*s, endAfter(5*s, record.ConnectionClosed)), record.Fail, "F8", "1 of 2 HTTP/2 connections"},
		"died with SIGKILL":              {multiplexing(killed(t), 7*s, endAfter(8*s, record.ConnectionBroken)), record.Fail, "F5", "without GOAWAY"},
		"ended before SIGTERM":           {multiplexing(build(graceful()), -2*s, endAfter(-s, record.ConnectionClosed)), record.Skipped, "", "No HTTP/2 connection to the pod"},
		"carried nothing after SIGTERM":  {multiplexing(build(graceful()), -s, endAfter(s, record.ConnectionClosed)), record.Skipped, "", "No HTTP/2 connection to the pod"},
		"left by its client":             {multiplexing(build(graceful()), s, endAfter(2*s, record.ConnectionDone)), record.Skipped, "", "their clients closed them"},
		"to another pod":                 {multiplexing(build(graceful()), 4*s, endAfter(5*s, record.ConnectionClosed), func(c *record.Connection) { c.Pod = "app-2" }), record.Skipped, "", "No HTTP/2 connection to the pod"},
		"nobody knows when SIGTERM came": {multiplexing(hooked(build(graceful())), 4*s, endAfter(5*s, record.ConnectionClosed)), record.Unknown, "", "when SIGTERM reached it is not known"},
		"told, whenever SIGTERM came":    {multiplexing(hooked(build(graceful())), 4*s, goAwayAfter(5*s), endAfter(6*s, record.ConnectionLeft)), record.Pass, "", "told by GOAWAY"},
		"no time to say anything":        {multiplexing(build(forcedDelete()), 0, endAfter(s, record.ConnectionBroken)), record.Skipped, "", "no time"},
	} {
		t.Run(name, func(t *testing.T) {
			f := wants(t, c.run, "goaway-sent", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
			if (f.Advice == "") != (c.want != record.Fail) {
				t.Errorf("advice %q", f.Advice)
			}
			unjudged := false
			for _, other := range c.run.Findings {
				unjudged = unjudged || other.Check == "goaway-sent" && other.Subject == "" && other.Verdict == record.Unknown
			}
			if unjudged != (c.want == record.Skipped) {
				t.Errorf("that nothing was tested is said: %t", unjudged)
			}
		})
	}
}

func TestThatNothingWasToldOfHTTP2IsSaidOnlyWhereItWasAskedFor(t *testing.T) {
	wants(t, build(graceful()), "goaway-sent", "", record.Skipped, "")
	run := build(graceful())
	run.Loads = append(run.Loads, record.Load{Class: record.GRPCFast, Rate: 1})
	wants(t, run, "goaway-sent", "", record.Skipped, "") // of the pod
	if run.Verdict != record.Unknown {
		t.Errorf("asked for and not there: %s", run.Verdict)
	}
	wants(t, multiplexing(baseline(), 0), "goaway-sent", "", record.Skipped, "")
	undone := multiplexing(baseline(), 0)
	undone.NoFault = false
	wants(t, undone, "goaway-sent", "", record.Unknown, "")
}

func TestTheRequestsOfAConnectionThatWasNotToldAreTheEvidence(t *testing.T) {
	run := multiplexing(build(graceful()), 4*time.Second, endAfter(5*time.Second, record.ConnectionClosed))
	last := keepSending(run, 9*time.Second)
	for i := range run.Requests {
		if r := &run.Requests[i]; r.Conn == last.Conn && r.Agent == last.Agent {
			r.Class, r.Conn = record.HTTP2Fast, run.Ledger.Connections[0].Conn
		}
	}
	f := wants(t, run, "goaway-sent", victim, record.Fail, "F8")
	if len(f.Evidence) == 0 {
		t.Fatal("no evidence")
	}
	for _, seq := range f.Evidence {
		if r := run.Requests[seq-1]; r.Pod != victim || r.Start < deletedAt+sigterm {
			t.Errorf("evidence %+v", r)
		}
	}
}

func TestARequestThatGoAwayRefusedWasNeverAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		death  death
		at     time.Duration // since the delete
		reused int
		want   string
	}{
		"on a connection told only as it was closed": {graceful(), 12 * time.Second, 30, "F7"},
		"on a new connection":                        {graceful(), 12 * time.Second, 0, "F9"},
		"by a pod that closed its listener at once":  {closesAtOnce(), 500 * time.Millisecond, 30, "F2"},
		"before SIGTERM":                             {graceful(), 3 * time.Second, 30, "F7"},
	} {
		run := build(c.death)
		r := at(t, run, record.ReusedFast, deletedAt+c.at)
		r.Class, r.Reused, r.Pod, r.PodByConn = record.HTTP2Fast, c.reused, victim, true
		r.ErrKind, r.Code, r.FirstByte, r.End = record.ErrGoAway, 0, 0, r.Start+time.Millisecond
		if f := failure(t, run); f.Diagnosis != c.want || !strings.Contains(f.Why, "refused by GOAWAY") {
			t.Errorf("%s: %+v, want %s", name, f, c.want)
		}
	}
}

func TestAConnectionOverHTTP2IsToldByGoAwayAndNotByAnAnswer(t *testing.T) {
	run := multiplexing(build(graceful()), 0)
	conn := &run.Ledger.Connections[0]
	r := at(t, run, record.ReusedFast, deletedAt+12900*time.Millisecond)
	lose(r, record.ErrEOF, true, deletedAt+13*time.Second)
	r.Class, r.Pod, r.PodByConn, r.Agent, r.Conn, r.Close = record.HTTP2Fast, victim, true, conn.Agent, conn.Conn, true
	if f := failure(t, run); f.Diagnosis != "F7" || !strings.Contains(f.Why, "GOAWAY was never said") {
		t.Errorf("never told: %+v", f)
	}
	conn.GoAways = []record.GoAway{{At: deletedAt + 11*time.Second}}
	if f := failure(t, run); f.Diagnosis != record.Unexplained {
		t.Errorf("told before: %+v", f)
	}
}

func TestAStatusOfGRPCTellsWhoIsAtFault(t *testing.T) {
	for status, want := range map[int]string{14: "F12", 13: "F12", 3: record.Unexplained, 16: record.Unexplained} {
		run := build(graceful())
		r := at(t, run, record.NewFast, deletedAt+20*time.Millisecond)
		r.Class, r.Pod, r.ErrKind, r.Code, r.GRPC = record.GRPCFast, victim, record.ErrStatus, 200, status
		if f := failure(t, run); f.Diagnosis != want || !strings.Contains(f.Why, "gRPC status") {
			t.Errorf("%d: %+v, want %s", status, f, want)
		}
	}
}
