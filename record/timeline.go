package record

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Phase is a stretch of a pod's life as the traffic sees it.
type Phase string

// The phases of a termination in order. A pod may skip some: without preStop SIGTERM comes at once.
const (
	Starting Phase = "starting"    // not yet ready
	Serving  Phase = "serving"     // ready, nobody wants it gone
	PreStop  Phase = "preStop"     // delete accepted, SIGTERM not yet sent
	LameDuck Phase = "lame-duck"   // SIGTERM received, listener open
	Draining Phase = "draining"    // listener closed, requests in flight
	Gone     Phase = "gone"        // the process has ended
	NoPod    Phase = "unknown pod" // which pod it was is not known
)

// Mark is a moment with its uncertainty and who said so. The zero Mark was not observed.
type Mark struct {
	At          time.Duration `json:"at"`
	Uncertainty time.Duration `json:"uncertainty,omitempty"`
	Source      string        `json:"source,omitempty"`
}

// Seen reports whether the moment was observed.
func (m Mark) Seen() bool { return m.Source != "" }

// Timeline is one pod's life, derived from the events, the faults and the probes of a run.
type Timeline struct {
	Pod     string
	Node    string
	Created Mark
	Ready   Mark
	// Delete is when the delete was sent (Fault.Began) for a pod that was a fault's target, otherwise when the
	// deletionTimestamp was seen. Not Seen: the pod was not terminated.
	Delete          Mark
	Accepted        Mark // when the API server had accepted the delete
	Terminating     Mark // deletionTimestamp seen by the watch
	EndpointRemoved Mark // not ready, or removed, in the EndpointSlice
	Signal          Mark // SIGTERM: by the app's own log, by who sent it, or inferred from the delete and preStop
	SignalSent      Mark // SIGTERM sent to the main process, where the platform can tell
	NotReady        Mark // by the app's own log
	ListenerClosed  Mark // first dial that was refused for good, earliest of all probes
	LastAccepted    Mark // last dial that was accepted, of the probe that gave ListenerClosed
	AppClosed       Mark // listener closed, by the app's own log
	Drained         Mark
	Exited          Mark // last container finished, by its status or by the app's log
	PodGone         Mark
	PreStopFailed   Mark // kubelet's report that the preStop hook failed
	Unhealthy       Mark // kubelet's report that it kills a container because its liveness probe failed
	ExitCode        int  // of the container that ended worst; -1 not known
	ExitReason      string
	Grace           time.Duration // that the delete gave, by the pod's object; 0 not known, or none
	Killed          bool          // ended by SIGKILL: exit code 137, or reason OOMKilled
	Forced          bool          // deleted with grace period 0
	Target          bool          // a fault named this pod
	SignalLogged    bool          // the app itself logged the signal
	Undelivered     bool          // the signal that was sent did not reach the process: it had no handler and was process 1

	ends    map[string]ending // by container, of its last run
	appExit Mark              // the app's own last word
}

// Terminated reports whether the pod was asked to end during the run.
func (t Timeline) Terminated() bool { return t.Delete.Seen() }

// PhaseAt tells which phase the pod was in at the time.
func (t Timeline) PhaseAt(at time.Duration) Phase {
	switch {
	case t.Exited.Seen() && at >= t.Exited.At:
		return Gone
	case t.ListenerClosed.Seen() && at >= t.ListenerClosed.At:
		return Draining
	case t.Signal.Seen() && at >= t.Signal.At:
		return LameDuck
	case t.Delete.Seen() && at >= t.Delete.At:
		return PreStop
	case t.Ready.Seen() && at < t.Ready.At:
		return Starting
	default:
		return Serving
	}
}

// Timelines derives the life of each pod, ordered by when it was deleted (those that were not come last), then by name.
func (r *Run) Timelines() []Timeline {
	lines := make(map[string]*Timeline, len(r.Pods))
	for _, p := range r.Pods {
		lines[p.Name] = &Timeline{Pod: p.Name, Node: p.Node, ExitCode: -1}
	}
	events := slices.Clone(r.Events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	for _, e := range events {
		if t := lines[e.Object]; t != nil {
			t.observe(e)
		}
	}
	for _, f := range r.Faults {
		if t := lines[f.Target]; t != nil {
			t.target(f)
		}
	}
	for _, p := range r.Probes {
		if t := lines[p.Pod]; t != nil {
			t.probed(p, r.uncertainty(p.Agent))
		}
	}
	out := make([]Timeline, 0, len(lines))
	for _, t := range lines {
		t.infer(r.Workload.PreStop)
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Timeline) int {
		if a.Terminated() != b.Terminated() {
			if a.Terminated() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Delete.At, b.Delete.At), strings.Compare(a.Pod, b.Pod))
	})
	return out
}

// first sets the mark unless an earlier event has.
func (m *Mark) first(e Event) {
	if !m.Seen() {
		*m = Mark{At: e.At, Uncertainty: e.Uncertainty, Source: e.Source}
	}
}

func (t *Timeline) observe(e Event) {
	if m := t.markOf(e.Kind); m != nil {
		m.first(e)
	}
	switch e.Kind {
	case PodTerminating:
		t.Forced = t.Forced || e.Attr["grace"] == "0"
		if n, err := strconv.Atoi(e.Attr["grace"]); err == nil && t.Grace == 0 {
			t.Grace = time.Duration(n) * time.Second
		}
	case EndpointNotReady, EndpointTerminating, EndpointRemoved:
		if t.Ready.Seen() && (t.Terminating.Seen() || e.Kind != EndpointNotReady) {
			t.EndpointRemoved.first(e)
		}
	case AppSignal:
		t.SignalLogged = true
	case SignalSent:
		t.Undelivered = t.Undelivered || e.Attr["delivered"] == "false"
	case KubeletEvent:
		t.reported(e)
	default:
		t.lived(e)
	}
}

// markOf is the mark that the first event of the kind sets; nil where there is more to it.
func (t *Timeline) markOf(kind string) *Mark {
	return map[string]*Mark{
		PodCreated: &t.Created, PodReady: &t.Ready, PodTerminating: &t.Terminating, PodGone: &t.PodGone,
		AppSignal: &t.Signal, AppNotReady: &t.NotReady, AppListenerClosed: &t.AppClosed, AppDrained: &t.Drained,
		SignalSent: &t.SignalSent,
	}[kind]
}

func (t *Timeline) target(f Fault) {
	if f.Error != "" {
		return
	}
	t.Target = true
	t.Delete = Mark{At: f.Began, Source: SourceCommand}
	t.Accepted = Mark{At: f.Ended, Source: SourceCommand}
	t.Forced = t.Forced || f.Attr["force"] == "true"
}

// probed takes over the earliest definite end of the listener that any agent saw.
func (t *Timeline) probed(p Probe, clock time.Duration) {
	closed := p.FirstRefused
	// A dial that was lost on its way is no end when a later one was accepted.
	if p.FirstSilent > p.LastAccepted && (closed == 0 || p.FirstSilent < closed) {
		closed = p.FirstSilent
	}
	// Nor is one before the pod was asked to end: that agent could not reach it, or was late itself.
	asked := t.Delete.At
	if asked == 0 {
		asked = t.Terminating.At
	}
	if closed < asked {
		return
	}
	if closed == 0 || (t.ListenerClosed.Seen() && t.ListenerClosed.At <= closed) {
		return
	}
	t.ListenerClosed = Mark{At: closed, Uncertainty: clock + p.Gap, Source: SourceAgent}
	t.LastAccepted = Mark{}
	if p.LastAccepted > 0 {
		t.LastAccepted = Mark{At: p.LastAccepted, Uncertainty: clock, Source: SourceAgent}
	}
}

// infer fills in what nobody said and what follows from the rest.
func (t *Timeline) infer(preStop time.Duration) {
	t.settle()
	if !t.Signal.Seen() {
		t.Signal = t.SignalSent
	}
	if !t.Delete.Seen() && t.Terminating.Seen() {
		t.Delete, t.Accepted = t.Terminating, t.Terminating
	}
	if t.Signal.Seen() || !t.Delete.Seen() {
		return
	}
	// kubelet reacts to the delete within about a tenth of a second, runs preStop, then signals.
	at := t.Delete.At + preStop
	if t.Exited.Seen() && t.Exited.At < at {
		at = t.Exited.At
	}
	if t.ListenerClosed.Seen() && t.ListenerClosed.At < at {
		at = t.ListenerClosed.At
	}
	t.Signal = Mark{At: at, Uncertainty: time.Second, Source: "inferred"}
}

// uncertainty of the agent's clock; 0 for an agent that is not in the record.
func (r *Run) uncertainty(agent string) time.Duration {
	for _, a := range r.Agents {
		if a.Name == agent {
			return a.Clock.Uncertainty
		}
	}
	return 0
}
