package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAStreamIsFinishedOrHandedOverAndResumedWithoutAGap(t *testing.T) {
	for name, c := range map[string]struct {
		death     death
		change    func(*testing.T, *record.Run)
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"handed over and resumed": {graceful(), func(*testing.T, *record.Run) {}, record.Pass, "", "28 streams brought all their messages, 3 of them over more than one connection; 3 were open at a pod"},
		"one cut while its pod drained": {graceful(), func(t *testing.T, r *record.Run) {
			leg := &handed(t, r)[0].Legs[0]
			leg.End, leg.Kind, leg.Error = record.LegBroken, record.ErrTruncated, "unexpected EOF"
		}, record.Fail, "F11", "1 of 28 streams broke: at 17.10 s of the run, pod app-1 draining, behind message"},
		"one stopped without a word": {graceful(), func(t *testing.T, r *record.Run) {
			leg := &handed(t, r)[0].Legs[0]
			leg.End, leg.Kind, leg.Error = record.LegBroken, record.ErrTruncated, "ended without a word after message 3 of 100"
		}, record.Fail, "F11", "ended without a word after message 3 of 100"},
		"all cut, without a close frame": {graceful(), func(t *testing.T, r *record.Run) {
			for _, s := range handed(t, r) {
				s.Legs[0].End, s.Legs[0].Kind, s.Legs[0].Code = record.LegBroken, record.ErrTruncated, 1006
			}
		}, record.Fail, "F11", "3 of 28 streams broke"},
		"cut by a process without a handler": {exitsAtOnce(), func(t *testing.T, r *record.Run) { cut(t, r, deletedAt+100*time.Millisecond, record.ErrTruncated) }, record.Fail, "F1", "ended at once on SIGTERM"},
		"cut by a forced delete":             {forcedDelete(), func(t *testing.T, r *record.Run) { cut(t, r, deletedAt+2100*time.Millisecond, record.ErrTruncated) }, record.Fail, "D2", "grace period 0"},
		"refused by a listener closed early": {closesAtOnce(), refuseOne, record.Fail, "F2", "connection refused"},
		"turned away by a pod that drains":   {graceful(), turnAway, record.Fail, "F12", "status 503"},
		"ended by a gRPC status of a pod that drains": {graceful(), func(t *testing.T, r *record.Run) {
			leg := &handed(t, r)[0].Legs[0]
			leg.End, leg.Kind, leg.Code, leg.Error = record.LegBroken, record.ErrStatus, 14, "UNAVAILABLE"
		}, record.Fail, "F11", "UNAVAILABLE"},
		"cut by a pod that nobody ended":     {graceful(), func(_ *testing.T, r *record.Run) { breakAt(r, "app-2") }, record.Fail, record.Unexplained, "which nobody had asked to end"},
		"resumed with a gap":                 {graceful(), func(t *testing.T, r *record.Run) { s := handed(t, r)[0]; s.Legs[1].From += 2; s.Missing, s.Got = 2, 98 }, record.Fail, "F31", "it was to go on behind message"},
		"resumed too early":                  {graceful(), func(t *testing.T, r *record.Run) { s := handed(t, r)[0]; s.Legs[1].From--; s.Doubled = 1 }, record.Fail, "F31", "1 doubled"},
		"a message lost within a connection": {graceful(), func(_ *testing.T, r *record.Run) { s := &r.Ledger.Streams[1]; s.Missing, s.Got = 1, 99 }, record.Fail, record.Unexplained, "a connection that did not break"},
		"one that never brought anything":    {graceful(), func(_ *testing.T, r *record.Run) { s := &r.Ledger.Streams[1]; s.Wanted, s.Got, s.Legs = 0, 0, nil }, record.Fail, record.Unexplained, "0 of 0 messages"},
		"some outlasted the traffic":         {graceful(), cancelLast, record.Pass, "", "2 more streams that outlasted the traffic"},
		"all outlasted it, none at the pod":  {graceful(), func(_ *testing.T, r *record.Run) { cancelAll(r, "app-2") }, record.Unknown, "", "hard deadline"},
		"all outlasted it and the delete":    {graceful(), func(_ *testing.T, r *record.Run) { cancelAll(r, victim) }, record.Pass, "", "28 more streams"},
		"none was open at the pod":           {graceful(), func(_ *testing.T, r *record.Run) { elsewhere(r) }, record.Skipped, "", "nothing was tested"},
		"none recorded":                      {graceful(), func(_ *testing.T, r *record.Run) { r.Ledger.Streams = nil }, record.Unknown, "", "the record holds none"},
		"a run that ends no pod, all whole":  {graceful(), func(_ *testing.T, r *record.Run) { r.PodsSpared = true; elsewhere(r) }, record.Pass, "", "0 were open at a pod"},
		"a run that ends no pod, one is cut": {graceful(), func(_ *testing.T, r *record.Run) { r.PodsSpared = true; breakAt(r, "app-2") }, record.Fail, record.Unexplained, "nobody had asked"},
		"canceled, but with a gap before": {graceful(), func(t *testing.T, r *record.Run) {
			s := handed(t, r)[0]
			s.Legs[1].From += 2
			s.Missing, s.Canceled = 2, true
		}, record.Fail, "F31", "2 of 100 messages missing"},
		"silent, and nothing else is amiss": {graceful(), silent, record.Fail, "F11", "nothing came"},
		"silent on a machine that is in doubt": {graceful(), func(t *testing.T, r *record.Run) {
			silent(t, r)
			r.Errors = []string{"slow"}
		}, record.Unknown, "F11", "decides nothing"},
		"cut on a machine that is in doubt": {graceful(), func(t *testing.T, r *record.Run) {
			cut(t, r, deletedAt+handedOverIn, record.ErrTruncated)
			r.Errors = []string{"slow"}
		}, record.Fail, "F11", "broke"},
	} {
		t.Run(name, func(t *testing.T) {
			run := streaming(build(c.death), record.EventStream)
			c.change(t, run)
			f := wants(t, run, "stream-completion", string(record.EventStream), c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
			if c.want == record.Fail && c.diagnosis != record.Unexplained && f.Advice == "" {
				t.Error("gives no advice")
			}
		})
	}
}

// refuseOne has a stream begin after the victim's listener has closed, and meet it.
func refuseOne(_ *testing.T, run *record.Run) {
	s := &run.Ledger.Streams[8]
	at := deletedAt + 500*time.Millisecond
	s.Due, s.Began = at, at
	again := s.Legs[0]
	s.Legs = []record.StreamLeg{{Began: at, Ended: at + time.Millisecond, End: record.LegBroken, Kind: record.ErrRefused, Error: "connect: connection refused"}, again}
	for i := range run.Ledger.Streams { // what it had is over by then
		if leg := &run.Ledger.Streams[i].Legs[0]; leg.Pod == victim {
			leg.Pod = "app-3"
		}
	}
}

// turnAway has the victim answer a client that connects while it drains with 503.
func turnAway(_ *testing.T, run *record.Run) {
	s := &run.Ledger.Streams[8]
	at := s.Due + time.Millisecond
	again := s.Legs[0]
	s.Legs = []record.StreamLeg{{Pod: victim, Began: s.Due, Opened: at, Ended: at, Code: 503, End: record.LegBroken, Kind: record.ErrStatus, Error: "status 503"}, again}
}

// breakAt breaks one stream at the pod.
func breakAt(run *record.Run, pod string) {
	for i := range run.Ledger.Streams {
		if s := &run.Ledger.Streams[i]; s.Legs[0].Pod == pod {
			part(s, s.Began+4*time.Second, record.LegBroken)
			s.Legs[0].Kind = record.ErrTruncated
			return
		}
	}
}

func cancelLast(_ *testing.T, run *record.Run) {
	for i := range 2 {
		s := &run.Ledger.Streams[len(run.Ledger.Streams)-1-i]
		s.Canceled, s.Got, s.Legs[0].To, s.Legs[0].End = true, 30, 30, record.LegCanceled
	}
}

// cancelAll has no stream come to its end; all of them were at the pod.
func cancelAll(run *record.Run, pod string) {
	for i := range run.Ledger.Streams {
		s := &run.Ledger.Streams[i]
		s.Legs = s.Legs[:1]
		s.Canceled, s.Legs[0].End, s.Legs[0].Pod, s.Legs[0].Ended = true, record.LegCanceled, pod, s.Ended
	}
}

// elsewhere has the victim serve no stream.
func elsewhere(run *record.Run) {
	for i := range run.Ledger.Streams {
		s := &run.Ledger.Streams[i]
		for j := range s.Legs {
			s.Legs[j].Pod = "app-2"
		}
	}
}

// silent has nothing come any more of a stream that the victim was to hand over.
func silent(t *testing.T, run *record.Run) {
	leg := &handed(t, run)[0].Legs[0]
	leg.End, leg.Kind, leg.Error = record.LegBroken, record.ErrTimeout, "nothing came any more for 10 s"
}

func TestAStreamThatSIGKILLCutsIsTheFaultOfTheDrain(t *testing.T) {
	run := overran(func(d *death) { d.closes, d.logs = 4*time.Second, true })
	streaming(run, record.SocketStream)
	cut(t, run, deletedAt+shortGrace, record.ErrTruncated)
	wants(t, run, "stream-completion", string(record.SocketStream), record.Fail, "F5")
	run = overran(func(*death) {})
	streaming(run, record.SocketStream)
	cut(t, run, deletedAt+shortGrace, record.ErrTruncated)
	wants(t, run, "stream-completion", string(record.SocketStream), record.Fail, "F4")
}

func TestAPodThatGivesUpOnItsStreamsHasNotDrained(t *testing.T) {
	d := graceful()
	d.code = 1
	run := streaming(build(d), record.EventStream)
	wants(t, run, "exits-cleanly", victim, record.Fail, "F25")
	cut(t, run, deletedAt+handedOverIn, record.ErrTruncated)
	wants(t, run, "exits-cleanly", victim, record.Fail, "F11")
}

func TestWithoutStreamsInTheTrafficThereIsNothingToComplete(t *testing.T) {
	wants(t, build(graceful()), "stream-completion", "", record.Skipped, "")
	run := streaming(build(graceful()), record.EventStream)
	streaming(run, record.SocketStream)
	wants(t, run, "stream-completion", string(record.SocketStream), record.Pass, "")
	wants(t, run, "stream-completion", string(record.EventStream), record.Pass, "")
}
