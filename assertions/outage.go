package assertions

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// emptiness are the stretches in which no pod of the service was ready; it is worked out once.
type emptiness struct {
	known     bool
	stretches []record.Window
}

// withoutPods are the stretches after the first pod had become ready in which none was, as the watch on pods told it.
func (f *facts) withoutPods() []record.Window {
	if f.empty.known {
		return f.empty.stretches
	}
	f.empty.known = true
	r := noneReady()
	events := slices.Clone(f.run.Events)
	slices.SortStableFunc(events, func(a, b record.Event) int { return cmp.Compare(a.At, b.At) })
	for _, e := range events {
		if e.Source != record.SourcePod {
			continue
		}
		before := len(r.ready)
		r.take(e)
		switch now := len(r.ready); {
		case before > 0 && now == 0:
			f.empty.stretches = append(f.empty.stretches, record.Window{Began: e.At, Ended: f.run.Ended})
		case before == 0 && now > 0 && len(f.empty.stretches) > 0:
			f.empty.stretches[len(f.empty.stretches)-1].Ended = e.At
		}
	}
	return f.empty.stretches
}

// outage names why no pod was ready at some time between the two moments: the roll-out or the drain that took all of
// them; "" where some were, or nothing known took them.
func (f *facts) outage(from, to time.Duration) (code, why string) {
	for _, s := range f.withoutPods() {
		if s.Ended <= from || s.Began > to {
			continue
		}
		for _, x := range f.run.Faults {
			w, known := f.windowOf(x.Round)
			if !known || x.Error != "" || !w.Contains(s.Began) {
				continue
			}
			text := fmt.Sprintf("no pod was ready from %s to %s after %s of %s began", seconds(s.Began-x.Began), seconds(s.Ended-x.Began), x.Name, x.Target)
			switch {
			case rollOuts[x.Name] != nil:
				return "F14", text
			case x.Name == nodeDrain && f.run.Workload.Budget == nil:
				return "F16", text
			}
		}
	}
	return "", ""
}

// orOutage gives a failure that nothing about a pod explains the cause of there having been no pod at all.
func (f *facts) orOutage(r *record.Request, out record.Failure) record.Failure {
	if out.Diagnosis != record.Unexplained {
		return out
	}
	if code, why := f.outage(r.Start, r.End); code != "" {
		out.Diagnosis, out.Why = code, out.Why+"; "+why
	}
	return out
}
