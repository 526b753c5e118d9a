package record

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The classes of requests to the Kubernetes API. They are no traffic of the service under test: they stand apart in the
// record (Run.APIRequests, Run.Clients), and no figure of the service counts them.
const (
	APIReadyz       Class = "api/readyz"          // GET /readyz on a new connection, as a load balancer's health check
	APIRead         Class = "api/read"            // GET of one object on a new connection, never repeated
	APIWrite        Class = "api/write"           // PATCH of one object on a new connection, never repeated
	APIRetryingRead Class = "api/client-go/get"   // the same by client-go, with the retries that it makes by itself
	APIRetryingSend Class = "api/client-go/patch" // likewise a write
	APIWatch        Class = "api/watch"           // a watch that asks for so many seconds
	APIObjects      Class = "api/objects"         // writes of objects, with watches on them; Ledger.Writes and Ledger.Watches
)

// OnAPI reports whether requests of the class go to the Kubernetes API and not to the service under test.
func (c Class) OnAPI() bool { return strings.HasPrefix(string(c), "api/") }

// Retrying reports whether the client of the class repeats by itself what may be repeated.
func (c Class) Retrying() bool { return strings.HasPrefix(string(c), "api/client-go/") }

// Kinds of events of an API server that is restarted, seen in its node. Object: the node.
const (
	APIServerSignalled = "APIServerSignalled" // Attr pid, signal
	APIServerExited    = "APIServerExited"    // its process is gone; Attr pid
	APIServerStarted   = "APIServerStarted"   // a new process runs; Attr pid, and backOff where kubelet said that it held it back
	APIServerReady     = "APIServerReady"     // /readyz says 200, asked in the node
	// The static pod's manifest was rewritten, and is byte for byte as it was. Attr sha256.
	APIServerChanged  = "APIServerChanged"
	APIServerRestored = "APIServerRestored"
)

// Attributes of a fault that restarts an API server.
const (
	APIServerWay   = "way"   // "SIGTERM", "SIGKILL", "manifest"
	APIServerFlags = "flags" // the shutdown flags that it ran with, space-separated; "" kubeadm's own
)

// APIPhase is a stretch of an API server's restart, as clients see it.
type APIPhase string

// The phases in the order in which they come. Not every restart has each.
const (
	APINormal   APIPhase = "normal"         // nothing is to be seen yet
	APIDelay    APIPhase = "shutdown delay" // /readyz fails, everything else is answered (--shutdown-delay-duration)
	APIShedding APIPhase = "429"            // requests are turned away with Retry-After (--shutdown-send-retry-after)
	APIRefused  APIPhase = "refused"        // no connection can be made
	APIStarting APIPhase = "starting"       // connections are accepted, /readyz fails
	APIBack     APIPhase = "back"           // /readyz says 200 for good
)

// APISpan is one phase with its times. Its ends are those of requests, so they are as exact as the clients are frequent.
type APISpan struct {
	Phase        APIPhase
	Began, Ended time.Duration
}

// Length of the phase.
func (s APISpan) Length() time.Duration { return s.Ended - s.Began }

// APIRestart is one restart of the API server: what its clients and its node say of it.
type APIRestart struct {
	Fault Fault
	Ended time.Duration // when the stretch that belongs to it ends: the next restart, or the round
	Spans []APISpan     // without gaps from the fault to Ended; empty when the clients' requests show none
	// Of the process; 0: not seen.
	Exited, Started, Ready time.Duration
	BackOff                string // for how long kubelet held the new process back ("10s"); "" it did not say so
}

// Span of the phase; ok is false for a phase that the restart did not have.
func (r APIRestart) Span(p APIPhase) (span APISpan, ok bool) {
	for _, s := range r.Spans {
		if s.Phase == p {
			return s, true
		}
	}
	return APISpan{}, false
}

// PhaseAt is the phase at the time; APINormal before the fault, APIBack after its end.
func (r APIRestart) PhaseAt(at time.Duration) APIPhase {
	for _, s := range r.Spans {
		if at >= s.Began && at < s.Ended {
			return s.Phase
		}
	}
	if at < r.Fault.Began {
		return APINormal
	}
	return APIBack
}

// Absent reports whether no API server could be reached at the time for want of a process: from the old one's exit until
// the new one was ready. A single control plane cannot avoid that.
func (r APIRestart) Absent(at time.Duration) bool {
	if r.Exited == 0 || at < r.Exited {
		return false
	}
	back, ok := r.Span(APIBack)
	return !ok || at <= back.Began
}

// APIRestarts are the run's restarts of the API server, in their order.
func (r *Run) APIRestarts() []APIRestart {
	var out []APIRestart
	for _, f := range r.Faults {
		if f.Attr[APIServerWay] != "" && f.Error == "" {
			out = append(out, APIRestart{Fault: f, Ended: r.roundEnd(f)})
		}
	}
	slices.SortFunc(out, func(a, b APIRestart) int { return cmp.Compare(a.Fault.Began, b.Fault.Began) })
	for i := range out {
		if i+1 < len(out) {
			out[i].Ended = min(out[i].Ended, out[i+1].Fault.Began)
		}
		out[i].seen(r.Events)
		out[i].Spans = spans(out[i].Fault.Began, out[i].Ended, r.APIRequests)
	}
	return out
}

// roundEnd is when the window of the fault's round ends; the run's end where there is none.
func (r *Run) roundEnd(f Fault) time.Duration {
	for _, w := range r.Windows {
		if w.Kind == Disruption && w.Round == f.Round {
			return w.Ended
		}
	}
	return r.Ended
}

// seen takes over what was seen in the node.
func (r *APIRestart) seen(events []Event) {
	for _, e := range events {
		if e.At < r.Fault.Began || e.At > r.Ended {
			continue
		}
		switch e.Kind {
		case APIServerExited:
			firstTime(&r.Exited, e.At)
		case APIServerStarted:
			firstTime(&r.Started, e.At)
			r.BackOff = cmp.Or(r.BackOff, e.Attr["backOff"])
		case APIServerReady:
			firstTime(&r.Ready, e.At)
		}
	}
}

func firstTime(t *time.Duration, at time.Duration) {
	if *t == 0 || at < *t {
		*t = at
	}
}

// signs are the first and last times at which clients saw something. 0: never.
type signs struct {
	unready, ready        time.Duration // first /readyz that failed; first one that said 200 and after which none failed
	shed                  time.Duration // first 429
	refused, lastRefused  time.Duration
	accepted, lastUnready time.Duration // first connection that was made after the last refusal
}

// spans cuts the stretch at what the clients saw. Requests are taken by their starts: that is when they met the server.
func spans(from, to time.Duration, requests []Request) []APISpan {
	s, any := look(from, to, requests)
	if !any {
		return nil
	}
	cuts := []APISpan{
		{Phase: APINormal, Began: from}, {Phase: APIDelay, Began: s.unready}, {Phase: APIShedding, Began: s.shed},
		{Phase: APIRefused, Began: s.refused}, {Phase: APIStarting, Began: s.accepted}, {Phase: APIBack, Began: s.ready},
	}
	if s.refused > 0 && s.unready >= s.refused || s.shed > 0 && s.unready >= s.shed {
		cuts[1].Began = 0 // it failed only with everything else
	}
	if s.refused > 0 && s.shed >= s.refused {
		cuts[2].Began = 0
	}
	if s.ready > 0 && s.accepted >= s.ready {
		cuts[4].Began = 0
	}
	cuts = slices.DeleteFunc(cuts, func(c APISpan) bool { return c.Phase != APINormal && c.Began == 0 })
	for i := range cuts {
		cuts[i].Ended = to
		if i+1 < len(cuts) {
			cuts[i].Ended = cuts[i+1].Began
		}
	}
	return cuts
}

// look reads the signs off the requests that met the server in the stretch; any is false when none did.
func look(from, to time.Duration, requests []Request) (s signs, any bool) {
	inside := telling(from, to, requests)
	for _, r := range inside {
		s.take(r)
	}
	for _, r := range inside {
		if s.lastRefused > 0 && r.Start > s.lastRefused && r.Connected > 0 {
			firstTime(&s.accepted, r.Start)
		}
		if disturbed := s.unready > 0 || s.refused > 0; disturbed && r.Class == APIReadyz && !r.Failed() && r.Start > s.lastUnready {
			firstTime(&s.ready, r.Start)
		}
	}
	return s, len(inside) > 0
}

// telling are the requests of the stretch that show a phase, by when they met the server. One of a client that retries
// shows none unless it gave up on a refusal.
func telling(from, to time.Duration, requests []Request) []*Request {
	inside := make([]*Request, 0, 256)
	for i := range requests {
		r := &requests[i]
		if met(r) >= from && met(r) < to && r.Class.OnAPI() && (!r.Class.Retrying() || r.ErrKind == ErrRefused) {
			inside = append(inside, r)
		}
	}
	slices.SortStableFunc(inside, func(a, b *Request) int { return cmp.Compare(met(a), met(b)) })
	return inside
}

func (s *signs) take(r *Request) {
	if r.Class == APIReadyz && r.Failed() {
		firstTime(&s.unready, r.Start)
		s.lastUnready = max(s.lastUnready, r.Start)
	}
	switch {
	case r.Code == tooManyRequests:
		firstTime(&s.shed, r.Start)
	case r.Failed() && r.Connected == 0:
		firstTime(&s.refused, met(r))
		s.lastRefused = max(s.lastRefused, met(r))
	}
}

// met is when the request met the server: one that was repeated met it for the last time when it ended.
func met(r *Request) time.Duration {
	if r.Class.Retrying() {
		return r.End
	}
	return r.Start
}

// tooManyRequests is HTTP 429 (RFC 6585).
const tooManyRequests = 429
