package record

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// polls are readyz and read requests every 100 ms on new connections, answered as state says for the time since the fault.
func polls(from, to time.Duration, state func(time.Duration) (ready, other int)) []Request {
	var out []Request
	for at := from; at < to; at += 100 * ms {
		ready, other := state(at)
		for class, code := range map[Class]int{APIReadyz: ready, APIRead: other} {
			r := Request{Class: class, Due: at, Start: at, End: at + 5*ms, Code: code}
			switch {
			case code == 0:
				r.ErrKind = ErrRefused
			case code != 200:
				r.Connected, r.FirstByte, r.ErrKind = at+ms, at+2*ms, ErrStatus
			default:
				r.Connected, r.FirstByte = at+ms, at+2*ms
			}
			out = append(out, r)
		}
	}
	return out
}

// stopped is a run whose API server is signalled at 10 s, and the round ends at 30 s.
func stopped(state func(time.Duration) (ready, other int)) *Run {
	return &Run{
		Faults:  []Fault{{Name: "apiserver-restart", Target: "cp", Round: 1, Began: 10 * sec, Ended: 10*sec + 50*ms, Happened: true, Attr: map[string]string{APIServerWay: "SIGTERM"}}},
		Windows: []Window{{Kind: Control, Began: sec, Ended: 10 * sec}, {Kind: Disruption, Round: 1, Began: 10 * sec, Ended: 30 * sec}},
		Events: []Event{
			{At: 16500 * ms, Kind: APIServerExited, Object: "cp"},
			{At: 17 * sec, Kind: APIServerStarted, Object: "cp", Attr: map[string]string{"backOff": "10s"}},
			{At: 20 * sec, Kind: APIServerReady, Object: "cp"},
		},
		APIRequests: polls(2*sec, 30*sec, state),
	}
}

// announced ends as an API server with a shutdown delay of 5 s does.
func announced(at time.Duration) (ready, other int) {
	switch {
	case at < 10100*ms:
		return 200, 200
	case at < 15*sec:
		return 500, 200
	case at < 16*sec:
		return 500, 429
	case at < 19*sec:
		return 0, 0
	case at < 20*sec:
		return 500, 200
	}
	return 200, 200
}

func TestAnAPIServerThatAnnouncesItsEndHasEveryPhase(t *testing.T) {
	restarts := stopped(announced).APIRestarts()
	if len(restarts) != 1 {
		t.Fatalf("%+v", restarts)
	}
	r := restarts[0]
	want := []APISpan{
		{APINormal, 10 * sec, 10100 * ms}, {APIDelay, 10100 * ms, 15 * sec}, {APIShedding, 15 * sec, 16 * sec},
		{APIRefused, 16 * sec, 19 * sec}, {APIStarting, 19 * sec, 20 * sec}, {APIBack, 20 * sec, 30 * sec},
	}
	if len(r.Spans) != len(want) {
		t.Fatalf("%+v", r.Spans)
	}
	for i := range want {
		if r.Spans[i] != want[i] {
			t.Errorf("phase %d: %+v, want %+v", i, r.Spans[i], want[i])
		}
	}
	if r.Exited != 16500*ms || r.Started != 17*sec || r.Ready != 20*sec || r.BackOff != "10s" {
		t.Errorf("%+v", r)
	}
	for at, phase := range map[time.Duration]APIPhase{9 * sec: APINormal, 12 * sec: APIDelay, 17 * sec: APIRefused, 29 * sec: APIBack, 31 * sec: APIBack} {
		if got := r.PhaseAt(at); got != phase {
			t.Errorf("at %s: %s, want %s", at, got, phase)
		}
	}
	for at, absent := range map[time.Duration]bool{16 * sec: false, 17 * sec: true, 20 * sec: true, 21 * sec: false} {
		if r.Absent(at) != absent {
			t.Errorf("absent at %s: %v", at, !absent)
		}
	}
}

func TestAnAPIServerThatGoesAtOnceHasNoDelayAndNoShedding(t *testing.T) {
	r := stopped(func(at time.Duration) (ready, other int) {
		if at >= 10200*ms && at < 25*sec {
			return 0, 0
		}
		return 200, 200
	}).APIRestarts()[0]
	if len(r.Spans) != 3 || r.Spans[1] != (APISpan{APIRefused, 10200 * ms, 25 * sec}) || r.Spans[2].Phase != APIBack || r.Spans[2].Began != 25*sec {
		t.Errorf("%+v", r.Spans)
	}
}

func TestAnAPIServerThatDoesNotComeBackHasNoSuchPhase(t *testing.T) {
	r := stopped(func(at time.Duration) (ready, other int) {
		if at >= 12*sec {
			return 0, 0
		}
		return 200, 200
	}).APIRestarts()[0]
	if _, back := r.Span(APIBack); back || len(r.Spans) != 2 || r.Spans[1].Ended != 30*sec {
		t.Errorf("%+v", r.Spans)
	}
	if !r.Absent(29 * sec) {
		t.Error("gone for good, and not absent")
	}
}

func TestWithoutClientsThereAreNoPhases(t *testing.T) {
	run := stopped(announced)
	run.APIRequests = nil
	if r := run.APIRestarts()[0]; len(r.Spans) != 0 || r.Exited == 0 {
		t.Errorf("%+v", r)
	}
}

func TestAClientThatRetriesMeetsARefusalWhenItGivesUp(t *testing.T) {
	run := stopped(announced)
	run.APIRequests = append(run.APIRequests, Request{Class: APIRetryingRead, Start: 11 * sec, End: 15900 * ms, ErrKind: ErrRefused, Tries: 2})
	if s, _ := run.APIRestarts()[0].Span(APIRefused); s.Began != 15900*ms {
		t.Errorf("%+v", s)
	}
}

func TestRestartsOfOneRunAreKeptApart(t *testing.T) {
	run := stopped(announced)
	run.Faults = append(run.Faults, Fault{Name: "apiserver-restart", Round: 2, Began: 40 * sec, Attr: map[string]string{APIServerWay: "SIGKILL"}},
		Fault{Name: "apiserver-restart", Round: 3, Error: "no", Attr: map[string]string{APIServerWay: "SIGKILL"}}, Fault{Name: "pod-delete"})
	run.Windows = append(run.Windows, Window{Kind: Disruption, Round: 2, Began: 40 * sec, Ended: 50 * sec})
	all := run.APIRestarts()
	if len(all) != 2 || all[0].Ended != 30*sec || all[1].Ended != 50*sec || all[1].Exited != 0 {
		t.Errorf("%+v", all)
	}
}

func TestRequestsToTheAPIAreSavedApart(t *testing.T) {
	run := &Run{
		Requests:    []Request{{Seq: 1, Class: NewFast}, {Seq: 3, Class: NewFast}},
		APIRequests: []Request{{Seq: 2, Class: APIRetryingRead, Tries: 3, RetryAfter: 5 * sec}},
	}
	dir := t.TempDir()
	if err := Save(dir, run); err != nil {
		t.Fatal(err)
	}
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Requests) != 2 || len(got.APIRequests) != 1 || got.APIRequests[0] != run.APIRequests[0] || got.RequestsCount != 3 {
		t.Errorf("%+v and %+v", got.Requests, got.APIRequests)
	}
}
