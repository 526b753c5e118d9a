package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// serverStop is how an API server that is stopped at 10 s ends; times are of the run.
type serverStop struct {
	unready, shed, refused, exited, accepted, ready time.Duration
	cut                                             bool // watches are cut off when the process ends
}

const stoppedAt = 10 * time.Second

// announcedStop has a delay of 5 s, sheds for 1 s and is away for 4 s.
func announcedStop() serverStop {
	const s = time.Second
	return serverStop{unready: stoppedAt + 100*time.Millisecond, shed: 15 * s, refused: 16 * s, exited: 16200 * time.Millisecond, accepted: 19 * s, ready: 20 * s}
}

// heldStop closes its listener at once and is held by a watch.
func heldStop() serverStop {
	const s = time.Second
	return serverStop{unready: stoppedAt + 100*time.Millisecond, refused: stoppedAt + 100*time.Millisecond, exited: 50 * s, accepted: 54 * s, ready: 55 * s}
}

// killedStop ends at once.
func killedStop() serverStop {
	return serverStop{refused: stoppedAt + 100*time.Millisecond, exited: stoppedAt + 50*time.Millisecond, accepted: 14 * time.Second, ready: 14 * time.Second, cut: true}
}

// restartRun is a run of one restart, with a client of each class.
func restartRun(s serverStop) *record.Run {
	end := s.ready + 5*time.Second
	run := &record.Run{
		SLO: record.DefaultSLO(), PodsSpared: true,
		Faults: []record.Fault{{Name: "apiserver-restart", Target: "cp", Round: 1, Began: stoppedAt, Ended: stoppedAt + 20*time.Millisecond, Happened: true,
			Attr: map[string]string{record.APIServerWay: "SIGTERM", record.APIServerFlags: "--shutdown-delay-duration=5s"}}},
		Windows: []record.Window{{Kind: record.Control, Began: time.Second, Ended: stoppedAt}, {Kind: record.Disruption, Round: 1, Began: stoppedAt, Ended: end}},
		Events: []record.Event{
			{At: s.exited, Kind: record.APIServerExited, Object: "cp"}, {At: s.exited + 500*time.Millisecond, Kind: record.APIServerStarted, Object: "cp"},
			{At: s.ready, Kind: record.APIServerReady, Object: "cp"},
		},
		Clients: []record.Load{{Class: record.APIReadyz, Rate: 10}, {Class: record.APIRead, Rate: 10}, {Class: record.APIRetryingRead, Rate: 10}, {Class: record.APIWatch, Rate: 1, Takes: 3 * time.Second}},
	}
	add := func(r record.Request) {
		r.Seq = uint64(len(run.APIRequests) + 1)
		run.APIRequests = append(run.APIRequests, r)
	}
	for at := time.Second; at < end; at += 100 * time.Millisecond {
		add(s.poll(record.APIReadyz, at))
		add(s.poll(record.APIRead, at))
		retrying := s.poll(record.APIRead, at)
		retrying.Class = record.APIRetryingRead
		if retrying.Code == 429 { // repeated after 5 s: then the API server is back
			retrying.Code, retrying.ErrKind, retrying.RetryAfter, retrying.Tries, retrying.End = 200, record.NoError, 0, 2, at+5*time.Second
		}
		add(retrying)
		if at%time.Second == 0 {
			add(s.watch(at))
		}
	}
	return run
}

func (s serverStop) poll(class record.Class, at time.Duration) record.Request {
	r := record.Request{Class: class, Due: at, Start: at, Connected: at + 1, FirstByte: at + 2, End: at + 3, Code: 200}
	status := func(code int) { r.Code, r.ErrKind = code, record.ErrStatus }
	switch {
	case s.refused > 0 && at >= s.refused && at < s.accepted:
		r.Code, r.Connected, r.FirstByte, r.ErrKind, r.Error = 0, 0, 0, record.ErrRefused, "dial: connection refused"
	case class == record.APIReadyz && s.unready > 0 && at >= s.unready && at < s.ready:
		status(500)
	case class != record.APIReadyz && s.shed > 0 && at >= s.shed && at < s.accepted:
		status(429)
		r.RetryAfter = 5 * time.Second
	}
	return r
}

func (s serverStop) watch(at time.Duration) record.Request {
	r := s.poll(record.APIWatch, at)
	if r.Failed() {
		return r
	}
	r.End = at + 3*time.Second
	if at < s.exited && r.End > s.exited {
		r.End = s.exited
		if s.cut {
			r.ErrKind = record.ErrTruncated
		}
	}
	return r
}

// phasesOf judges the only restart of the run.
func phasesOf(t *testing.T, run *record.Run) record.Finding {
	t.Helper()
	findings := checkNamed(t, "apiserver-phases").Eval(run)
	if len(findings) != 1 {
		t.Fatalf("%+v", findings)
	}
	return findings[0]
}

func checkNamed(t *testing.T, name string) Check {
	t.Helper()
	for _, c := range All() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return Check{}
}

func TestAnAPIServerThatAnnouncesItsEndPasses(t *testing.T) {
	f := phasesOf(t, restartRun(announcedStop()))
	if f.Verdict != record.Pass || f.Measured.Value != 3 || !strings.Contains(f.Subject, "shutdown flags set") {
		t.Fatalf("%+v", f)
	}
	for _, words := range []string{"shutdown delay 4.90 s", "429 1.00 s", "refused 3.00 s", "starting 1.00 s", "back 10.00 s", "Turned away with 429", "(F30)", "ended in order"} {
		if !strings.Contains(f.Message, words) {
			t.Errorf("%q is not in %q", words, f.Message)
		}
	}
}

func TestAnAPIServerThatGoesWithoutAWordFails(t *testing.T) {
	for what, c := range map[string]struct {
		run   *record.Run
		words string
	}{
		"held by a watch": {restartRun(heldStop()), "while the old process still lived"},
		"killed":          {restartRun(killedStop()), "broke off"},
	} {
		if f := phasesOf(t, c.run); f.Verdict != record.Fail || f.Diagnosis != "F29" || !strings.Contains(f.Message, c.words) || f.Advice == "" {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

func TestARetryingClientThatFailsWhileTheAPIServerIsThereBreaksTheGuarantee(t *testing.T) {
	for what, at := range map[string]time.Duration{"in the delay": 12 * time.Second, "once it is back": 21 * time.Second} {
		run := restartRun(announcedStop())
		run.APIRequests = append(run.APIRequests, record.Request{Seq: 9999, Class: record.APIRetryingSend, Start: at, Connected: at, End: at + time.Millisecond, ErrKind: record.ErrReset, Tries: 1})
		f := phasesOf(t, run)
		if f.Verdict != record.Fail || f.Diagnosis != "F29" || len(f.Evidence) != 1 || f.Evidence[0] != 9999 {
			t.Errorf("%s: %+v", what, f)
		}
	}
	run := restartRun(announcedStop())
	run.APIRequests = append(run.APIRequests, record.Request{Seq: 9999, Class: record.APIRead, Start: 15500 * time.Millisecond, Connected: 15500 * time.Millisecond, End: 15501 * time.Millisecond, ErrKind: record.ErrReset})
	if f := phasesOf(t, run); f.Verdict != record.Pass {
		t.Errorf("a client that never retries, while requests are turned away: %+v", f)
	}
	run.APIRequests[len(run.APIRequests)-1].Class = record.APIRetryingRead
	if f := phasesOf(t, run); f.Verdict != record.Fail {
		t.Errorf("a client that retries, while requests are turned away: %+v", f)
	}
	for what, at := range map[string]time.Duration{"refused": 17 * time.Second, "starting": 19500 * time.Millisecond} {
		run := restartRun(announcedStop())
		run.APIRequests = append(run.APIRequests, record.Request{Seq: 9999, Class: record.APIRetryingSend, Start: at, Connected: at, End: at + time.Millisecond, ErrKind: record.ErrReset, Tries: 1})
		if f := phasesOf(t, run); f.Verdict != record.Pass {
			t.Errorf("%s, which one control plane cannot avoid: %+v", what, f)
		}
	}
}

func TestA429WithoutRetryAfterIsNoAnnouncement(t *testing.T) {
	run := restartRun(announcedStop())
	for i := range run.APIRequests {
		run.APIRequests[i].RetryAfter = 0
	}
	if f := phasesOf(t, run); f.Verdict != record.Fail {
		t.Errorf("%+v", f)
	}
}

func TestKubeletsBackOffIsNotBlamedOnTheAPIServer(t *testing.T) {
	s := announcedStop()
	s.accepted, s.ready = s.accepted+10*time.Second, s.ready+10*time.Second
	run := restartRun(s)
	run.Events[1].At, run.Events[1].Attr = s.exited+10*time.Second, map[string]string{"backOff": "10s"}
	if f := phasesOf(t, run); f.Verdict != record.Pass || !strings.Contains(f.Message, "kubelet's restart back-off is up to 10s") {
		t.Errorf("%+v", f)
	}
}

func TestARestartThatWasNotSeenIsUnknown(t *testing.T) {
	for what, spoil := range map[string]func(*record.Run){
		"no process ended": func(r *record.Run) { r.Events = nil },
		"not happened":     func(r *record.Run) { r.Faults[0].Happened = false },
		"no clients":       func(r *record.Run) { r.APIRequests = nil },
		"no watch":         func(r *record.Run) { keep(r, func(q record.Request) bool { return q.Class != record.APIWatch }) },
		"no retrying client": func(r *record.Run) {
			keep(r, func(q record.Request) bool { return !q.Class.Retrying() })
		},
		"clients that stopped": func(r *record.Run) {
			keep(r, func(q record.Request) bool { return q.Class != record.APIRead || q.Start < 12*time.Second })
		},
		"never back": func(r *record.Run) {
			keep(r, func(q record.Request) bool { return q.Class != record.APIReadyz || q.Failed() })
		},
		"sick before": func(r *record.Run) {
			r.APIRequests = append(r.APIRequests, record.Request{Class: record.APIRead, Due: 3 * time.Second, Start: 3 * time.Second, End: 4 * time.Second, ErrKind: record.ErrReset})
		},
		"an error": func(r *record.Run) { r.Faults[0].Error = "no such process" },
	} {
		run := restartRun(announcedStop())
		spoil(run)
		if f := phasesOf(t, run); f.Verdict != record.Unknown {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

func keep(run *record.Run, wanted func(record.Request) bool) {
	var left []record.Request
	for _, q := range run.APIRequests {
		if wanted(q) {
			left = append(left, q)
		}
	}
	run.APIRequests = left
}

func TestARunWithoutARestartOfTheAPIServerIsSkipped(t *testing.T) {
	if f := phasesOf(t, build(graceful())); f.Verdict != record.Skipped {
		t.Errorf("%+v", f)
	}
}

// untouched is a whole run of a service that an API server's restart does not touch.
func untouched() *record.Run {
	run, api := build(graceful()), restartRun(announcedStop())
	run.PodsSpared, run.Faults, run.Clients = true, api.Faults, api.Clients
	return run
}

func TestPodsThatAFaultSparesAreNotMissed(t *testing.T) {
	run := untouched()
	run.Events = nil
	for _, name := range []string{"exits-cleanly", "endpoint-removal", "serves-until-removed"} {
		for _, f := range checkNamed(t, name).Eval(run) {
			if f.Verdict != record.Skipped {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
	run.PodsSpared = false
	if f := checkNamed(t, "exits-cleanly").Eval(run); f[0].Verdict != record.Unknown {
		t.Errorf("a fault that was to end pods and ended none: %+v", f)
	}
	run = untouched() // and a pod that ends all the same is judged
	if f := checkNamed(t, "exits-cleanly").Eval(run); f[0].Verdict == record.Skipped {
		t.Errorf("a pod ended: %+v", f)
	}
}

func TestAgentsAreWholeOnlyWithTheirRequestsToTheAPI(t *testing.T) {
	run := build(graceful())
	run.Agents[0].Sent++
	run.APIRequests = append(run.APIRequests, record.Request{Agent: run.Agents[0].Name, Class: record.APIRead})
	if problems := agentsWhole(learn(run)); len(problems) > 0 {
		t.Error(problems)
	}
	run.APIRequests = nil
	if problems := agentsWhole(learn(run)); len(problems) != 1 {
		t.Error("a lost request to the API is not missed")
	}
}
