package assertions

import (
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// lasts is what the checks of the load ask of a stream or a watch.
type lasts struct {
	agent             string
	class             record.Class
	due, began, ended time.Duration
	pods              []string // of its legs
}

// lastingOf are the streams and watches of the run.
func lastingOf(run *record.Run) (out []lasts) {
	for _, s := range run.Ledger.Streams {
		l := lasts{agent: s.Agent, class: s.Class, due: s.Due, began: s.Began, ended: s.Ended}
		for _, leg := range s.Legs {
			l.pods = append(l.pods, leg.Pod)
		}
		out = append(out, l)
	}
	for _, w := range run.Ledger.Watches {
		l := lasts{agent: w.Agent, class: w.Class, due: w.Due, began: w.Began, ended: w.Ended}
		for _, leg := range w.Legs {
			if w.Source == record.WatchesApp { // the API server's are no pods of the service
				l.pods = append(l.pods, leg.Pod)
			}
		}
		out = append(out, l)
	}
	return out
}

// besides tells how many streams and watches there were beside the requests; "" none.
func besides(run *record.Run) (text string) {
	if n := len(run.Ledger.Streams); n > 0 {
		text += ", " + count(n, "stream")
	}
	if n := len(run.Ledger.Watches); n == 1 {
		text += ", 1 watch"
	} else if n > 1 {
		text += fmt.Sprintf(", %s watches", thousands(n))
	}
	return text
}

// lastingSound looks for streams and watches that cannot have been as they are recorded.
func lastingSound(f *facts) (problems []string) {
	agents := map[string]bool{}
	for _, a := range f.run.Agents {
		agents[a.Name] = true
	}
	n := map[string]int{}
	for _, l := range lastingOf(f.run) {
		if l.due < 0 || l.began < l.due || l.ended < l.began {
			n["at times that contradict each other"]++
		}
		if !agents[l.agent] && len(agents) > 0 {
			n["from an agent that is not in the record"]++
		}
		for _, pod := range l.pods {
			if pod != "" && f.byName[pod] == nil {
				n["served by a pod that is not in the record"]++
				break
			}
		}
	}
	for _, what := range sorted(n) {
		problems = append(problems, fmt.Sprintf("Of the streams and watches in the record, %d are %s.", n[what], what))
	}
	return problems
}

// lastingClasses are the classes that were asked for and meet the condition, each once, in the order of the loads, then others of
// which the ledger holds some.
func (f *facts) lastingClasses(meets func(record.Class) bool) (classes []record.Class) {
	seen := map[record.Class]bool{}
	add := func(c record.Class) {
		if meets(c) && !seen[c] {
			seen[c] = true
			classes = append(classes, c)
		}
	}
	for _, l := range f.run.Loads {
		add(l.Class)
	}
	for _, l := range lastingOf(f.run) {
		add(l.class)
	}
	return classes
}

// endsPods reports whether pods of the service were meant to be asked to end in this run.
func (f *facts) endsPods() bool { return !f.run.NoFault && !f.run.PodsSpared }

// openAtDelete reports whether a leg at the pod was open when somebody asked the pod to end.
func (f *facts) openAtDelete(pod string, opened, ended time.Duration) bool {
	t := f.byName[pod]
	return t != nil && t.Terminated() && opened > 0 && opened <= t.Delete.At && ended >= t.Delete.At
}

// whenAndWhere tells a moment of the run and the pod with its phase.
func (f *facts) whenAndWhere(at time.Duration, pod string) string {
	text := fmt.Sprintf("at %s of the run", seconds(at))
	if t := f.byName[pod]; t != nil {
		text += fmt.Sprintf(", pod %s %s", pod, t.PhaseAt(at))
	}
	return text
}
