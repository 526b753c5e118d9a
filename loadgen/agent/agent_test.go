package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lastcall-dev/lastcall/loadgen"
	"github.com/lastcall-dev/lastcall/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token    = "a token for this test only"
	patience = 30 * time.Second // of every wait: far above what a busy machine needs
)

// application answers as the ones under test do; slow answers begin at once and end when release closes.
type application struct {
	asked   atomic.Int64
	release chan struct{}
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.UserAgent() != reachUserAgent {
		a.asked.Add(1)
	}
	w.Header().Set("X-Pod-Name", "pod-1")
	if r.URL.Path == "/slow" {
		_, _ = io.WriteString(w, "slow")
		_ = http.NewResponseController(w).Flush()
		<-a.release
	}
}

func planFor(address string) Plan {
	return Plan{
		Token: token, Target: loadgen.Target{Address: address}, Deadline: time.Minute,
		Loads: []loadgen.Spec{
			{Class: record.NewFast, Rate: 50, Path: "/fast?a=b"},
			{Class: record.ReusedFast, Rate: 50, Method: http.MethodPost, Path: "/post", Body: []byte("x")},
			{Class: record.NewSlow, Rate: 20, Path: "/slow", Takes: time.Second},
		},
	}
}

// running is an agent that serves, and what it is aimed at.
type running struct {
	app    *application
	client *Client
	base   string
	http   *http.Client
	served chan error
	end    context.CancelFunc
}

func serve(t *testing.T, change func(*Plan)) *running {
	t.Helper()
	r := &running{app: &application{release: make(chan struct{})}, served: make(chan error, 1)}
	target := httptest.NewServer(r.app)
	plan := planFor(target.Listener.Addr().String())
	if change != nil {
		change(&plan)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	r.end = end
	go func() { r.served <- Serve(ctx, plan, "agent-3", "node-a", listener) }()
	transport := &http.Transport{}
	r.http = &http.Client{Transport: transport}
	r.base = "http://" + listener.Addr().String()
	r.client = NewClient(r.base, token, r.http)
	t.Cleanup(func() {
		end()
		r.wait(t)
		transport.CloseIdleConnections()
		select {
		case <-r.app.release:
		default:
			close(r.app.release)
		}
		target.Close()
	})
	return r
}

// wait until the agent has ended.
func (r *running) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.served:
		r.served <- nil
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-time.After(patience):
		t.Errorf("waited %v for the agent to end", patience)
	}
}

// until polls the status until it is as wanted.
func (r *running) until(t *testing.T, what string, wanted func(Status) bool) Status {
	t.Helper()
	var s Status
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var err error
		if s, err = r.client.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if wanted(s) {
			return s
		}
	}
	t.Fatalf("waited %v for %s; last %+v", patience, what, s)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAWholeRunFromStartToRecords(t *testing.T) {
	r, ctx := serve(t, nil), t.Context()
	if s := r.until(t, "ready", func(s Status) bool { return s.State == Ready }); s.Sent != 0 {
		t.Errorf("sent before the start: %+v", s)
	}
	must(t, r.client.Start(ctx))
	must(t, r.client.Start(ctx)) // its answer may have been lost
	busy := r.until(t, "a slow request in flight", func(s Status) bool { return len(s.InFlight) > 0 && s.Answered > 20 })
	if f := busy.InFlight[0]; busy.State != Running || f.Pod != "pod-1" || f.Class != record.NewSlow || f.FirstByte < f.Started || f.Takes != time.Second {
		t.Errorf("%+v", busy)
	}
	probe := ProbeRequest{Pod: "pod-1", Address: strings.TrimPrefix(r.base, "http://"), Interval: time.Millisecond}
	must(t, r.client.Probe(ctx, probe))
	must(t, r.client.Probe(ctx, probe))
	r.until(t, "accepted probes", func(s Status) bool { return len(s.Probes) == 1 && s.Probes[0].Accepted > 3 })
	if _, err := r.client.Records(ctx); !errors.Is(err, errRunning) {
		t.Errorf("records of a running agent: %v", err)
	}
	if part, err := r.client.SoFar(ctx); err != nil || len(part.Requests) < 20 || uint64(len(part.Requests)) >= part.Sent || part.Ended <= part.Began {
		t.Errorf("so far: %d requests of %d sent from %v to %v, %v", len(part.Requests), part.Sent, part.Began, part.Ended, err)
	}
	must(t, r.client.Stop(ctx))
	must(t, r.client.Stop(ctx))
	r.until(t, "stopping", func(s Status) bool { return s.State == Stopping })
	close(r.app.release)
	first, err := r.client.Records(ctx)
	must(t, err)
	checkRecords(t, first, r.app.asked.Load())
	if again, err := r.client.Records(ctx); err != nil || len(again.Requests) != len(first.Requests) {
		t.Errorf("asked again: %d requests of %d, %v", len(again.Requests), len(first.Requests), err)
	}
	if err := r.client.Start(ctx); err == nil {
		t.Error("a stopped agent was started again")
	}
	must(t, r.client.Quit(ctx))
	r.wait(t)
}

func TestWhatAnswersOtherwiseThanTheServiceIsNotTakenForIt(t *testing.T) {
	r := serve(t, func(p *Plan) { p.Loads[0].Expect = http.StatusTeapot })
	s := r.until(t, "an answer", func(s Status) bool { return strings.Contains(s.Error, "status 200, want 418") })
	if s.State != Starting {
		t.Errorf("%+v", s)
	}
}

func checkRecords(t *testing.T, got Records, asked int64) {
	t.Helper()
	if got.Agent != "agent-3" || got.Node != "node-a" || got.Error != "" || got.Ended <= got.Began || got.Began <= 0 {
		t.Errorf("%s on %s from %v to %v: %q", got.Agent, got.Node, got.Began, got.Ended, got.Error)
	}
	if n := uint64(len(got.Requests)); n != got.Sent || int64(n) != asked {
		t.Errorf("%d requests; %d sent, %d arrived", n, got.Sent, asked)
	}
	if len(got.Probes) != 1 || got.Probes[0].Agent != "agent-3" || got.Probes[0].Node != "node-a" || got.Probes[0].Ended == 0 {
		t.Errorf("probes: %+v", got.Probes)
	}
	want := map[record.Class]record.Request{
		record.NewFast:    {Method: "GET", Path: "/fast"},
		record.ReusedFast: {Method: "POST", Path: "/post"},
		record.NewSlow:    {Method: "GET", Path: "/slow"},
	}
	due, classes := time.Duration(0), map[record.Class]int{}
	for i, r := range got.Requests {
		classes[r.Class]++
		if r.Seq != uint64(i)+1 || r.Due < due || r.Agent != "agent-3" || r.Node != "node-a" {
			t.Errorf("request %d is not in its place: %+v", i, r)
		}
		if w := want[r.Class]; r.Method != w.Method || r.Path != w.Path || r.Pod != "pod-1" || r.Code != 200 || r.ErrKind != record.NoError {
			t.Errorf("request %d: %+v", i, r)
		}
		due = r.Due
	}
	if len(classes) != len(want) {
		t.Errorf("classes: %v", classes)
	}
}

func TestNothingButHealthIsAnsweredWithoutTheToken(t *testing.T) {
	r := serve(t, nil)
	for _, call := range []string{
		"GET /clock", "POST /start", "GET /status", "POST /probe", "POST /stop", "GET /records", "POST /quit", "GET /nothing",
	} {
		method, path, _ := strings.Cut(call, " ")
		for _, sent := range []string{"", "Bearer ", "Bearer wrong", token, "Basic " + token, "Bearer " + token + "x"} {
			request, err := http.NewRequestWithContext(t.Context(), method, r.base+path, nil)
			must(t, err)
			request.Header.Set("Authorization", sent)
			answer, err := r.http.Do(request)
			must(t, err)
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %q: %s", call, sent, answer.Status)
			}
		}
	}
	r.until(t, "ready", func(s Status) bool { return s.State == Ready })
	answer, err := r.http.Get(r.base + "/healthz")
	must(t, err)
	_ = answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Errorf("health: %s", answer.Status)
	}
	if s, err := r.client.Status(t.Context()); err != nil || s.State != Ready {
		t.Errorf("after all that: %+v, %v", s, err)
	}
	if err := NewClient(r.base, "another token, wrong", r.http).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a client with a wrong token: %v", err)
	}
}

func TestAnAgentStopsByItselfAtItsDeadlineAndSaysSo(t *testing.T) {
	r := serve(t, func(p *Plan) { p.Deadline = 300 * time.Millisecond })
	must(t, r.client.Start(t.Context()))
	s := r.until(t, "the end", func(s Status) bool { return s.State == Failed })
	if !strings.Contains(s.Error, errDeadline.Error()) || s.Sent == 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	got, err := r.client.Records(t.Context())
	must(t, err)
	if uint64(len(got.Requests)) != got.Sent || got.Error == "" {
		t.Errorf("%d of %d, %q", len(got.Requests), got.Sent, got.Error)
	}
}

func TestAnAgentThatWasNeverStartedHasNoRecords(t *testing.T) {
	r := serve(t, nil)
	must(t, r.client.Stop(t.Context()))
	got, err := r.client.Records(t.Context())
	if err != nil || len(got.Requests) != 0 || got.Sent != 0 || got.Error != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMoreRequestsThanThereIsRoomForFailTheAgent(t *testing.T) {
	a, err := newAgent(t.Context(), planFor("127.0.0.1:1"), "agent-0", "", discard())
	must(t, err)
	defer a.close()
	a.store.capacity = 5
	must(t, a.start())
	a.work.Wait()
	if s := a.status(); s.State != Failed || !strings.Contains(s.Error, errOverflow.Error()) || s.Failed < 6 {
		t.Errorf("%+v", s)
	}
}

func TestEndingAnAgentEndsWhatItDoes(t *testing.T) {
	r := serve(t, nil)
	must(t, r.client.Start(t.Context()))
	r.until(t, "a slow request in flight", func(s Status) bool { return len(s.InFlight) > 0 })
	r.end()
	r.wait(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := r.client.Status(ctx); err == nil {
		t.Error("an agent that has ended answers")
	}
	if _, err := r.client.Records(ctx); err == nil {
		t.Error("an agent that has ended hands over records")
	}
}

func TestTheClockOffsetIsWithinItsUncertainty(t *testing.T) {
	a, err := newAgent(t.Context(), planFor("127.0.0.1:1"), "agent-0", "", discard())
	must(t, err)
	defer a.close()
	server := httptest.NewServer(a.handler(func() {}))
	defer server.Close()
	for _, ahead := range []time.Duration{-time.Hour, 0, 42 * time.Second} {
		origin := a.epoch.Add(-ahead)
		got, err := NewClient(server.URL, token, server.Client()).Clock(t.Context(), origin, 5)
		must(t, err)
		if doubt := (got.Offset - ahead).Abs(); doubt > got.Uncertainty || got.Uncertainty <= 0 || got.Samples != 5 {
			t.Errorf("true offset %v, measured %+v", ahead, got)
		}
	}
	server.Close()
	if _, err := NewClient(server.URL, token, nil).Clock(t.Context(), a.epoch, 2); err == nil {
		t.Error("the clock of an agent that is gone was measured")
	}
}

func TestSchedulesOfAgentsAndLoadsDoNotCoincide(t *testing.T) {
	var shifts []float64
	for _, name := range []string{"agent-0", "agent-1", "agent-2"} {
		for load := range 3 {
			shift := phase(name, load)
			if shift < 0 || shift >= 1 {
				t.Errorf("%s, load %d: shift %v", name, load, shift)
			}
			for _, other := range shifts {
				if d := shift - other; d < 0.02 && d > -0.02 {
					t.Errorf("%s, load %d: shift %v is that of another, %v", name, load, shift, other)
				}
			}
			shifts = append(shifts, shift)
		}
	}
}

func TestAnAgentIsReadyOnlyAfterItsTargetHasAnswered(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := closed.Addr().String()
	must(t, closed.Close())
	r := serve(t, func(p *Plan) { p.Target.Address = address })
	s := r.until(t, "a refused try", func(s Status) bool { return strings.Contains(s.Error, "refused") })
	if s.State != Starting {
		t.Errorf("state %s while nothing answers", s.State)
	}
	late, err := net.Listen("tcp", address)
	must(t, err)
	server := &http.Server{Handler: r.app}
	go func() { _ = server.Serve(late) }()
	t.Cleanup(func() { _ = server.Close() })
	r.until(t, "ready", func(s Status) bool { return s.State == Ready && s.Error == "" })
}
