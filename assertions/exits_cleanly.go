package assertions

import (
	"fmt"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = registerPerPod(Check{
	Name:      "exits-cleanly",
	Guarantee: "A pod exits by itself, with 0, within its grace period",
	Reference: "Kubernetes, Pod Lifecycle, Termination of Pods: SIGKILL ends what is still running when the grace period is over",
	Kind:      Guarantee,
}, func(f *facts, t *record.Timeline) record.Finding {
	if f.neverRan(t) {
		return unserved("there was no process of it yet that could exit")
	}
	out := record.Finding{Threshold: limit(f.run.Workload.Grace, "code 0 within %s")}
	f.exit(t, &out)
	if out.Verdict == record.Fail {
		out.Diagnosis = f.blame(t, nil, (*facts).livenessKilled, (*facts).unhandled, (*facts).overrun, (*facts).cutStreams, (*facts).failedAfterDrain)
		out.Advice = f.advise(out.Diagnosis, t)
	}
	return out
})

// exit judges how the pod's process ended.
func (f *facts) exit(t *record.Timeline, out *record.Finding) {
	took := max(t.Exited.At-t.Delete.At, 0) // finishedAt has whole seconds and may lie before the delete
	grace := f.run.Workload.Grace
	out.Measured = record.Quantity{
		Value: rounded(took.Seconds()), Unit: "s", Upper: rounded((took + t.Exited.Uncertainty).Seconds()),
		Text: fmt.Sprintf("code %d after %s", t.ExitCode, seconds(took)),
	}
	at := fmt.Sprintf("%s after the delete (± %s)", seconds(took), seconds(t.Exited.Uncertainty))
	switch {
	case t.Forced:
		out.Verdict = record.Fail
		out.Measured = record.Quantity{Text: "no grace period"}
		out.Message = "The pod was deleted with grace period 0, so it was not given the " + exactly(grace) + " that it asks for. " + f.endSeen(t)
	case !t.Exited.Seen() || t.ExitCode < 0:
		out.Verdict = record.Unknown
		out.Measured = record.Quantity{Text: "not observed"}
		out.Message = "The exit of the pod's container was not observed, so its exit code is not known. " + f.endSeen(t)
	case t.Killed:
		out.Verdict = record.Fail
		out.Message = fmt.Sprintf("The pod ended %s with exit code %d (%s): SIGKILL ended it, it did not exit by itself.", at, t.ExitCode, orNoReason(t.ExitReason))
	case t.ExitCode != 0:
		out.Verdict = record.Fail
		out.Message = fmt.Sprintf("The pod ended %s with exit code %d (%s), not with 0.", at, t.ExitCode, orNoReason(t.ExitReason))
	case grace <= 0:
		out.Verdict = record.Unknown
		out.Message = "The pod ended " + at + " with exit code 0, but the grace period is not in the record, so whether that was in time is not known."
	case took-t.Exited.Uncertainty > grace:
		out.Verdict = record.Fail
		out.Message = fmt.Sprintf("The pod ended %s with exit code 0, later than its grace period of %s.", at, exactly(grace))
	case took+t.Exited.Uncertainty > grace && took > grace:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("The pod ended %s with exit code 0: too near to its grace period of %s to tell whether that was in time.", at, exactly(grace))
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("The pod exited by itself with code 0, %s, within its grace period of %s.", at, exactly(grace))
	}
}

// endSeen tells what else was seen of a pod's end.
func (f *facts) endSeen(t *record.Timeline) string {
	text := "Nothing else was seen of its end."
	if m := t.ListenerClosed; m.Seen() {
		text = fmt.Sprintf("Its listener closed %s after the delete (± %s).", seconds(m.At-t.Delete.At), seconds(m.Uncertainty))
	}
	if fl := f.flight(t); len(fl.cut)+len(fl.late) > 0 {
		text += fmt.Sprintf(" Cut off with it: %s.", count(len(fl.cut)+len(fl.late), "request"))
	}
	return text
}

func orNoReason(reason string) string {
	if reason == "" {
		return "no reason given"
	}
	return reason
}
