package assertions

import (
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// lastChance is how long before the end of the grace period a signal counts as having come only with it.
	lastChance = time.Second
	// probeLag is how long before a process ends its listener may have been dialled last and still count as open to the
	// end: a prober on a busy machine leaves gaps.
	probeLag = 2 * time.Second
)

// grace is the period that the pod was given: what its own delete said, otherwise what its manifest says.
func (f *facts) grace(t *record.Timeline) time.Duration {
	if t.Grace > 0 {
		return t.Grace
	}
	return f.run.Workload.Grace
}

// usedUp reports whether the pod's containers ran to the end of its grace period or beyond.
func (f *facts) usedUp(t *record.Timeline) bool {
	grace := f.grace(t)
	return grace > 0 && !t.Forced && t.Exited.Seen() && t.Exited.At+t.Exited.Uncertainty+blur >= t.Delete.At+grace
}

// overrun tells why a pod was still there when its grace period was over: F6, F4, F10 or F5, or "" where it was not, or where
// nothing recorded tells which.
func (f *facts) overrun(t *record.Timeline) string {
	return f.once("overrun", t, (*facts).ranOver)
}

func (f *facts) ranOver(t *record.Timeline) string {
	switch {
	case !f.usedUp(t) || f.livenessKilled(t) != "":
		return ""
	case f.hookOverran(t):
		return "F6"
	case !t.Killed:
		return ""
	case t.Undelivered && !f.handled(t):
		return "F4"
	case f.handled(t) && f.heldByStreams(t):
		return "F10"
	case f.handled(t):
		return "F5"
	case f.openToTheEnd(t):
		return "F4"
	}
	return ""
}

// hookOverran is F6: the preStop hook is known to take as long as the grace period, or SIGTERM was seen to come only
// when that was over, or kubelet reported then that the hook had failed.
func (f *facts) hookOverran(t *record.Timeline) bool {
	if sleep := f.run.Workload.PreStop; sleep > 0 && sleep < f.grace(t) {
		return false // how long it takes is known, however close to the end SIGTERM then came
	}
	end := t.Delete.At + f.grace(t)
	late := func(m record.Mark) bool { return m.Seen() && m.At+m.Uncertainty >= end-lastChance }
	signal := t.SignalSent
	if t.SignalLogged {
		signal = t.Signal
	}
	if signal.Seen() {
		return late(signal) && (f.run.Workload.PreStop > 0 || f.run.Workload.PreStopKind != "")
	}
	return f.run.Workload.PreStop >= f.grace(t) || late(t.PreStopFailed)
}

// handled reports whether anything shows that the process took note of SIGTERM: its own log, or a listener that surely
// closed before the process ended.
func (f *facts) handled(t *record.Timeline) bool {
	if t.SignalLogged || t.NotReady.Seen() || t.AppClosed.Seen() || t.Drained.Seen() {
		return true
	}
	m := t.ListenerClosed
	return m.Seen() && t.Exited.Seen() && m.At+m.Uncertainty+blur < t.Exited.At-t.Exited.Uncertainty
}

// heldByStreams reports whether gRPC streams were open at the pod when its process ended, and of all that it had accepted
// nothing else was.
func (f *facts) heldByStreams(t *record.Timeline) bool {
	open := false
	for _, s := range f.run.Ledger.Streams {
		for _, leg := range s.Legs {
			until := leg.Ended + f.doubt[s.Agent] + blur
			if s.Class.OnGRPC() && leg.Pod == t.Pod && leg.Opened > 0 && leg.End == record.LegBroken && until >= t.Exited.At-t.Exited.Uncertainty {
				open = true
			}
		}
	}
	if !open {
		return false
	}
	fl := f.flight(t)
	return len(fl.cut)+len(fl.late) == 0
}

// openToTheEnd reports whether a dial was accepted shortly before the process ended.
func (f *facts) openToTheEnd(t *record.Timeline) bool {
	for _, p := range f.run.Probes {
		if p.Pod == t.Pod && p.LastAccepted > 0 && p.LastAccepted+f.doubt[p.Agent] >= t.Exited.At-t.Exited.Uncertainty-probeLag {
			return true
		}
	}
	return false
}

// livenessKilled is F22: kubelet said, while the pod was ending, that it kills a container for its liveness probe.
func (f *facts) livenessKilled(t *record.Timeline) string {
	if m := t.Unhealthy; m.Seen() && !t.Forced && m.At+m.Uncertainty >= t.Delete.At && (t.ExitCode != 0 || t.Killed) {
		return "F22"
	}
	return ""
}

// failedAfterDrain is F25: the process took note of SIGTERM, cut nothing that it had accepted, and exited by itself with
// a code other than 0.
func (f *facts) failedAfterDrain(t *record.Timeline) string {
	fl := f.flight(t)
	if f.cutStreams(t) != "" || t.Forced || t.Killed || t.ExitCode <= 0 || !f.handled(t) || len(fl.cut)+len(fl.late)+len(fl.canceled) > 0 {
		return ""
	}
	return "F25"
}

// overrunWords tells an overrun in a subordinate clause about the pod.
func (f *facts) overrunWords(code string, t *record.Timeline) string {
	after := fmt.Sprintf("%s after the delete (grace period %s)", seconds(t.Exited.At-t.Delete.At), seconds(f.grace(t)))
	switch code {
	case "F4":
		return "which did nothing about SIGTERM and was ended by SIGKILL " + after
	case "F5":
		return "which was still draining when SIGKILL ended it " + after
	case "F10":
		return "which was still waiting for its gRPC streams when SIGKILL ended it " + after
	case "F6":
		return "whose preStop hook used up its grace period, so that SIGTERM came too late or never; it ended " + after
	}
	return ""
}
