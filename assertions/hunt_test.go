package assertions

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// copyOf is a run that may be changed without changing the other.
func copyOf(run *record.Run) *record.Run {
	out := *run
	out.Windows, out.Faults, out.Probes = slices.Clone(run.Windows), slices.Clone(run.Faults), slices.Clone(run.Probes)
	out.Events, out.Requests, out.Agents = slices.Clone(run.Events), slices.Clone(run.Requests), slices.Clone(run.Agents)
	out.Pods, out.Loads, out.Errors = slices.Clone(run.Pods), slices.Clone(run.Loads), slices.Clone(run.Errors)
	return &out
}

// Each of these takes a run that passes and either breaks the service in it or takes from it what the pass rests on.
func TestNoChangeForTheWorsePasses(t *testing.T) {
	good := build(graceful())
	if Judge(good); good.Verdict != record.Pass {
		show(t, good)
		t.Fatal("the run to start from does not pass")
	}
	for name, change := range worse() {
		t.Run(name, func(t *testing.T) {
			run := copyOf(good)
			change(run)
			if Judge(run); run.Verdict == record.Pass {
				show(t, run)
				t.Error("it passes")
			}
		})
	}
}

func worse() map[string]func(*record.Run) {
	all := map[string]func(*record.Run){}
	for _, group := range []map[string]func(*record.Run){lostMeasurements(), impossibleRecords(), shiftedFrames(), uselessFigures()} {
		for name, change := range group {
			all[name] = change
		}
	}
	return all
}

func dropEvents(kinds ...string) func(*record.Run) {
	return func(r *record.Run) {
		r.Events = slices.DeleteFunc(r.Events, func(e record.Event) bool { return slices.Contains(kinds, e.Kind) })
	}
}

func dropRequests(drop func(record.Request) bool) func(*record.Run) {
	return func(r *record.Run) { r.Requests = slices.DeleteFunc(r.Requests, drop) }
}

func eachProbe(change func(*record.Probe)) func(*record.Run) {
	return func(r *record.Run) {
		for i := range r.Probes {
			change(&r.Probes[i])
		}
	}
}

func lostMeasurements() map[string]func(*record.Run) {
	return map[string]func(*record.Run){
		"no probes":                      func(r *record.Run) { r.Probes = nil },
		"probes of a stranger":           eachProbe(func(p *record.Probe) { p.Pod = "app-9" }),
		"probes began after the closing": eachProbe(func(p *record.Probe) { p.Began, p.Accepted, p.LastAccepted = deletedAt+12*time.Second, 0, 0 }),
		"probes ended after a second": eachProbe(func(p *record.Probe) {
			p.Ended, p.LastAccepted, p.FirstRefused, p.FirstSilent = deletedAt+time.Second, deletedAt+time.Second, 0, 0
		}),
		"probes with refusals between": eachProbe(func(p *record.Probe) { p.Blips = 3 }),
		"one agent's requests gone":    dropRequests(func(q record.Request) bool { return q.Agent == "agent-1" }),
		"one agent's requests gone, and its count": func(r *record.Run) {
			forget(r, func(q record.Request) bool { return q.Agent != "agent-1" })
		},
		"one agent silent for two seconds": dropRequests(func(q record.Request) bool {
			return q.Agent == "agent-1" && q.Start > deletedAt && q.Start < deletedAt+2*time.Second
		}),
		"one agent silent for two seconds by its own count": func(r *record.Run) {
			forget(r, func(q record.Request) bool {
				return q.Agent != "agent-1" || q.Start < deletedAt || q.Start > deletedAt+2*time.Second
			})
		},
		"one agent silent at the end": func(r *record.Run) {
			forget(r, func(q record.Request) bool { return q.Agent != "agent-1" || q.Start < deletedAt+wholeIn-2*time.Second })
		},
		"a single request gone":          func(r *record.Run) { r.Requests = slices.Delete(r.Requests, 5000, 5001) },
		"a class gone":                   dropRequests(func(q record.Request) bool { return q.Class == record.ReusedFast }),
		"a class gone, and its count":    func(r *record.Run) { forget(r, func(q record.Request) bool { return q.Class != record.NewFast }) },
		"no new connections":             func(r *record.Run) { forget(r, func(q record.Request) bool { return !q.Class.NewConnection() }) },
		"no requests":                    func(r *record.Run) { forget(r, func(record.Request) bool { return false }) },
		"the exit not seen":              dropEvents(record.ContainerExited),
		"nothing seen of the pod at all": func(r *record.Run) { r.Events = nil },
		"the pod not in the list":        func(r *record.Run) { r.Pods = slices.Delete(r.Pods, 0, 1) },
		"the delete not seen":            func(r *record.Run) { dropEvents(record.PodTerminating)(r); r.Faults[0].Target = "app" },
		"no loads":                       func(r *record.Run) { r.Loads = nil },
		"no agents":                      func(r *record.Run) { r.Agents = nil },
		"an agent lost":                  func(r *record.Run) { r.Agents[2].Lost = "evicted" },
		"the run aborted":                func(r *record.Run) { r.Aborted = "interrupted" },
		"the harness met an error":       func(r *record.Run) { r.Errors = []string{"watch: gone"} },
		"clocks in doubt":                func(r *record.Run) { r.Agents[0].Clock.Uncertainty = 2 * time.Second },
		"clocks impossibly sure":         func(r *record.Run) { r.Agents[0].Clock.Uncertainty = -time.Second },
		"clocks never compared":          func(r *record.Run) { r.Agents[0].Clock.Samples = 0 },
		"the fault not seen":             func(r *record.Run) { r.Faults[0].Happened = false },
		"the fault failed":               func(r *record.Run) { r.Faults[0].Error = "forbidden" },
		"no fault":                       func(r *record.Run) { r.Faults = nil },
	}
}

func one(change func(*record.Request)) func(*record.Run) {
	return func(r *record.Run) { change(&r.Requests[5000]) }
}

func impossibleRecords() map[string]func(*record.Run) {
	return map[string]func(*record.Run){
		"a request twice": func(r *record.Run) {
			r.Requests = append(r.Requests, r.Requests[5000])
			for i := range r.Agents {
				if r.Agents[i].Name == r.Requests[5000].Agent {
					r.Agents[i].Sent++
				}
			}
		},
		"a request that ends before it starts":       one(func(q *record.Request) { q.End = q.Start - time.Millisecond }),
		"a request before the run":                   one(func(q *record.Request) { q.Due, q.Start = -time.Second, -time.Second }),
		"a request begun before it was due":          one(func(q *record.Request) { q.Due = q.Start + time.Second }),
		"an answer before the request":               one(func(q *record.Request) { q.FirstByte = q.Start - time.Second }),
		"an answer without a status":                 one(func(q *record.Request) { q.Code = 0 }),
		"a short body without an error":              one(func(q *record.Request) { q.Want, q.Bytes = 100, 99 }),
		"an answer by a stranger":                    one(func(q *record.Request) { q.Pod = "app-9" }),
		"a request by a stranger":                    one(func(q *record.Request) { q.Agent = "agent-9" }),
		"a repeated dial":                            one(func(q *record.Request) { q.Dials = 2 }),
		"a request that the harness cut":             one(func(q *record.Request) { q.ErrKind = record.ErrCanceled }),
		"a probe that accepted after the end":        eachProbe(func(p *record.Probe) { p.FirstRefused = p.LastAccepted - time.Second }),
		"a probe that accepted more than it dialled": eachProbe(func(p *record.Probe) { p.Accepted = p.Attempts + 1 }),
		"a probe that ended before it accepted":      eachProbe(func(p *record.Probe) { p.Ended = deletedAt + time.Second }),
		"a sidecar's 0 after a crash": func(r *record.Run) {
			for i := range r.Events {
				if r.Events[i].Kind == record.ContainerExited {
					r.Events[i].Attr = map[string]string{"container": "app", "code": "1"}
				}
			}
			r.Events = append(r.Events, record.Event{At: deletedAt + 14*time.Second, Source: record.SourcePod, Kind: record.ContainerExited,
				Object: victim, Attr: map[string]string{"container": "proxy", "code": "0"}})
		},
		"another pod crashed": func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt + time.Second, Source: record.SourcePod, Kind: record.ContainerExited, Object: "app-2", Attr: map[string]string{"code": "1"}})
		},
		"a pod that nobody listed was deleted": func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt + time.Second, Source: record.SourcePod, Kind: record.PodTerminating, Object: "app-9"})
		},
	}
}

func shiftedFrames() map[string]func(*record.Run) {
	return map[string]func(*record.Run){
		"no disruption window":            func(r *record.Run) { r.Windows = r.Windows[:1] },
		"no control window":               func(r *record.Run) { r.Windows = r.Windows[1:] },
		"no windows":                      func(r *record.Run) { r.Windows = nil },
		"a disruption of an instant":      func(r *record.Run) { r.Windows[1].Ended = deletedAt + time.Millisecond },
		"a disruption that ends early":    func(r *record.Run) { r.Windows[1].Ended = deletedAt + 5*time.Second },
		"a disruption after the fault":    func(r *record.Run) { r.Windows[1].Began = deletedAt + time.Second },
		"a disruption of another round":   func(r *record.Run) { r.Windows[1].Round = 2 },
		"the disruption before the fault": func(r *record.Run) { r.Windows[1].Began, r.Windows[1].Ended = 0, deletedAt },
		"windows that overlap":            func(r *record.Run) { r.Windows[0].Ended = deletedAt + 5*time.Second },
		"a window counted twice":          func(r *record.Run) { r.Windows = append(r.Windows, r.Windows[1]) },
		"a window that runs backwards":    func(r *record.Run) { r.Windows[0].Began, r.Windows[0].Ended = r.Windows[0].Ended, r.Windows[0].Began },
		"a control window without length": func(r *record.Run) { r.Windows[0].Began = r.Windows[0].Ended },
		"windows beyond the traffic": func(r *record.Run) {
			r.Windows[1].Ended += time.Hour
		},
		"said to be without a fault":  func(r *record.Run) { r.NoFault = true },
		"a fault that runs backwards": func(r *record.Run) { r.Faults[0].Ended = r.Faults[0].Began - time.Second },
		"a second fault without a window": func(r *record.Run) {
			x := r.Faults[0]
			x.Round, x.Began, x.Ended = 2, r.Windows[1].Ended+time.Second, r.Windows[1].Ended+time.Second
			r.Faults = append(r.Faults, x)
		},
	}
}

func uselessFigures() map[string]func(*record.Run) {
	nan := math.NaN()
	return map[string]func(*record.Run){
		"no SLO":                    func(r *record.Run) { r.SLO = record.SLO{} },
		"error rate not a number":   func(r *record.Run) { r.SLO.ErrorRate = nan },
		"error rate 1":              func(r *record.Run) { r.SLO.ErrorRate = 1 },
		"confidence not a number":   func(r *record.Run) { r.SLO.Confidence = nan },
		"confidence 0":              func(r *record.Run) { r.SLO.Confidence = 0 },
		"confidence 1":              func(r *record.Run) { r.SLO.Confidence = 1 },
		"least rate not a number":   func(r *record.Run) { r.SLO.MinRate = nan },
		"least rate 0":              func(r *record.Run) { r.SLO.MinRate = 0 },
		"no rounds":                 func(r *record.Run) { r.SLO.Rounds = 0 },
		"no removal budget":         func(r *record.Run) { r.SLO.EndpointRemoval = 0 },
		"a negative removal budget": func(r *record.Run) { r.SLO.EndpointRemoval = -time.Hour },
		"no lateness allowed for":   func(r *record.Run) { r.SLO.MaxLateness = 0 },
		"a waiver of the harness":   func(r *record.Run) { r.SLO.Waive = []string{"load-was-real"} },
		"a waiver of nothing":       func(r *record.Run) { r.SLO.Waive = []string{""} },
		"no grace period":           func(r *record.Run) { r.Workload.Grace = 0 },
		"a grace period too short":  func(r *record.Run) { r.Workload.Grace = 5 * time.Second },
	}
}

// A request that failed in any way and at any time after the control window began is not let through, whatever its class.
func TestNoSingleFailedRequestPasses(t *testing.T) {
	good := build(graceful())
	kinds := []record.ErrKind{
		record.ErrRefused, record.ErrReset, record.ErrEOF, record.ErrTruncated, record.ErrChecksum, record.ErrTimeout,
		record.ErrDial, record.ErrDNS, record.ErrStatus, record.ErrCanceled, record.ErrOther, "never heard of",
	}
	moments := []time.Duration{
		3 * time.Second, deletedAt - 3*time.Second, deletedAt - 5*time.Millisecond, deletedAt + 20*time.Millisecond,
		deletedAt + 3*time.Second, deletedAt + 10*time.Second, deletedAt + 19*time.Second, deletedAt + wholeIn + 500*time.Millisecond,
	}
	classes := []record.Class{record.NewFast, record.ReusedFast, record.NewSlow}
	// Each kind at each moment; the classes, and whether an answer named the pod, take turns.
	for k, kind := range kinds {
		for m, when := range moments {
			class, named := classes[(k+m)%len(classes)], (k+m/2)%2 == 0
			run := copyOf(good)
			r := at(t, run, class, when)
			r.ErrKind = kind
			if !named {
				r.Pod, r.FirstByte, r.Code = "", 0, 0
			}
			if Judge(run); run.Verdict == record.Pass {
				t.Errorf("%s of %s due at %s (pod named: %v) passes", kind, class, when, named)
			}
		}
	}
}

// What does not weaken the proof must not weaken the verdict either.
func TestWhatTheProofDoesNotRestOnMayBeMissing(t *testing.T) {
	good := build(graceful())
	for name, change := range map[string]func(*record.Run){
		"the probes of one agent":          func(r *record.Run) { r.Probes = r.Probes[1:] },
		"all probes but one":               func(r *record.Run) { r.Probes = r.Probes[:1] },
		"the application's log":            dropEvents(record.AppSignal, record.AppListenerClosed, record.AppDrained, record.AppExit),
		"the pod's own notice of its end":  dropEvents(record.PodTerminating),
		"the EndpointSlice":                dropEvents(record.EndpointTerminating, record.EndpointRemoved),
		"clocks in some doubt":             func(r *record.Run) { r.Agents[0].Clock.Uncertainty = 100 * time.Millisecond },
		"earlier findings":                 func(r *record.Run) { r.Findings = []record.Finding{{Verdict: record.Fail}} },
		"an expectation of something else": func(r *record.Run) { r.Expect = &record.Expectation{Verdict: record.Fail} },
	} {
		run := copyOf(good)
		change(run)
		if Judge(run); run.Verdict != record.Pass {
			t.Errorf("%s: %s", name, run.Verdict)
			show(t, run)
		}
	}
}
