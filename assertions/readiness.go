package assertions

import (
	"cmp"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// watchedPods is the name of the watch whose gaps leave open which pods were ready meanwhile.
const watchedPods = "pods"

// readiness is which pods were ready and not terminating, as the watch on pods told it.
type readiness struct {
	ready map[string]bool // at the end of the stretch
	ends  map[string]bool // that were asked to end by then: whatever their probes say, they are not ready again
	gone  map[string]bool // whose object was deleted by then
	least int             // fewest ready at any time of the stretch
	at    time.Duration   // since when there were that few
	gap   bool            // the watch was interrupted in the stretch
}

// readyBetween follows the pods from the run's first event to the end of the stretch. Within one watch events are in
// order, so that a pod that became ready before another one was deleted is counted before that.
func (f *facts) readyBetween(from, to time.Duration) readiness {
	r := noneReady()
	events := slices.Clone(f.run.Events)
	slices.SortStableFunc(events, func(a, b record.Event) int { return cmp.Compare(a.At, b.At) })
	begun := false
	for _, e := range events {
		if e.At > to {
			break
		}
		if e.At >= from && !begun {
			begun, r.least, r.at = true, len(r.ready), from
		}
		if e.Kind == record.WatchGap && e.Object == watchedPods && begun {
			r.gap = true
		}
		if e.Source != record.SourcePod {
			continue
		}
		r.take(e)
		if begun && len(r.ready) < r.least {
			r.least, r.at = len(r.ready), e.At
		}
	}
	if !begun {
		r.least, r.at = len(r.ready), from
	}
	return r
}

func noneReady() readiness {
	return readiness{ready: map[string]bool{}, ends: map[string]bool{}, gone: map[string]bool{}}
}

func (r *readiness) take(e record.Event) {
	switch e.Kind {
	case record.PodReady:
		if !r.ends[e.Object] {
			r.ready[e.Object] = true
		}
	case record.PodNotReady:
		delete(r.ready, e.Object)
	case record.PodTerminating:
		delete(r.ready, e.Object)
		r.ends[e.Object] = true
	case record.PodGone:
		delete(r.ready, e.Object)
		r.gone[e.Object] = true
	}
}

// windowOf the round; false where the record has none.
func (f *facts) windowOf(round int) (record.Window, bool) {
	for _, w := range windows(f.run, record.Disruption) {
		if w.Round == round {
			return w, true
		}
	}
	return record.Window{}, false
}

// faultsCalled are the run's faults of these names.
func (f *facts) faultsCalled(names []string) []record.Fault {
	var out []record.Fault
	for _, x := range f.run.Faults {
		if slices.Contains(names, x.Name) {
			out = append(out, x)
		}
	}
	return out
}

// perFault judges each fault of these names by itself; a run without any is skipped, with the reason.
func (f *facts) perFault(names []string, otherwise string, eval func(record.Fault, record.Window) record.Finding) []record.Finding {
	found := f.faultsCalled(names)
	if len(found) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: otherwise}}
	}
	var out []record.Finding
	for _, x := range found {
		subject := roundName(x.Round)
		w, known := f.windowOf(x.Round)
		switch {
		case x.Error != "":
			out = append(out, record.Finding{Subject: subject, Verdict: record.Unknown, Message: "It could not be injected: " + x.Error + "."})
		case !known:
			out = append(out, record.Finding{Subject: subject, Verdict: record.Unknown, Message: "The record has no window of this round."})
		default:
			one := eval(x, w)
			one.Subject = subject
			out = append(out, one)
		}
	}
	return out
}
