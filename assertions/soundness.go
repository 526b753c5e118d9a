package assertions

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// A record that contradicts itself proves nothing: something was lost, doubled or damaged on the way into it. What is
// looked for here can only come from lastcall itself, never from the service.

func sloSound(f *facts) []string {
	s := f.run.SLO
	err := s.Validate()
	for _, figure := range []float64{s.ErrorRate, s.Confidence, s.MinRate} {
		if math.IsNaN(figure) {
			err = fmt.Errorf("a figure is not a number")
		}
	}
	if err != nil {
		return []string{fmt.Sprintf("Nothing can be judged by this SLO: %s.", err)}
	}
	return nil
}

// requestsSound looks for requests that cannot have been as they are recorded.
func requestsSound(f *facts) (problems []string) {
	agents := map[string]bool{}
	for _, a := range f.run.Agents {
		agents[a.Name] = true
	}
	n := map[string]int{}
	if twice := doubled(f.run.Requests); twice > 0 {
		n["with a number that another one has"] = twice
	}
	for i := range f.run.Requests {
		r := &f.run.Requests[i]
		if !agents[r.Agent] && len(agents) > 0 {
			n["from an agent that is not in the record"]++
		}
		if r.Pod != "" && f.byName[r.Pod] == nil {
			n["answered by a pod that is not in the record"]++
		}
		if why := contradiction(r); why != "" {
			n[why]++
		}
	}
	for _, what := range sorted(n) {
		problems = append(problems, fmt.Sprintf("The record holds %s %s.", count(n[what], "request"), what))
	}
	return problems
}

// doubled counts the requests whose number an earlier one has. Most records are in the order of their numbers.
func doubled(requests []record.Request) (n int) {
	ascending := true
	for i := 1; i < len(requests) && ascending; i++ {
		ascending = requests[i].Seq > requests[i-1].Seq
	}
	if ascending {
		return 0
	}
	seen := make(map[uint64]bool, len(requests))
	for i := range requests {
		if seen[requests[i].Seq] {
			n++
		}
		seen[requests[i].Seq] = true
	}
	return n
}

// contradiction is what one request says against itself; "" nothing.
func contradiction(r *record.Request) string {
	switch {
	case !timesSound(r):
		return "at times that contradict each other"
	case r.ErrKind != record.NoError:
	case r.Code == 0 || r.FirstByte == 0:
		return "with neither an answer nor an error"
	case r.Want >= 0 && r.Bytes != r.Want && r.Method != http.MethodHead:
		return "with a body of another length than was announced, and no error"
	}
	return ""
}

// timesSound reports whether the steps of a request follow each other.
func timesSound(r *record.Request) bool {
	return r.Due >= 0 && r.Start >= r.Due && r.End >= r.Start &&
		(r.Connected == 0 || r.Connected >= r.Start && r.Connected <= r.End) &&
		(r.FirstByte == 0 || r.FirstByte >= r.Connected && r.FirstByte >= r.Start && r.FirstByte <= r.End)
}

// windowsSound demands windows that do not overlap, and each fault within a disruption window of its own round that goes
// on for at least as long as traffic may still come to what it hit.
func windowsSound(f *facts) (problems []string) {
	ordered := slices.Clone(f.run.Windows)
	slices.SortStableFunc(ordered, func(a, b record.Window) int { return int(a.Began - b.Began) })
	for i, w := range ordered {
		switch {
		case w.Began < 0 || w.Ended < w.Began:
			problems = append(problems, fmt.Sprintf("The %s ends before it begins.", windowName(w)))
		case i > 0 && w.Began < ordered[i-1].Ended:
			problems = append(problems, fmt.Sprintf("The %s and the %s overlap.", windowName(ordered[i-1]), windowName(w)))
		}
	}
	if len(windows(f.run, record.Disruption)) > 0 { // otherwise faultsHappened says so
		problems = append(problems, disruptionsHold(f)...)
	}
	return problems
}

// disruptionsHold demands that each fault came in the window of its round, and that the window held on.
func disruptionsHold(f *facts) (problems []string) {
	disruptions := windows(f.run, record.Disruption)
	holding := func(at time.Duration) record.Window {
		for _, w := range disruptions {
			if w.Contains(at) {
				return w
			}
		}
		return record.Window{}
	}
	for _, x := range f.run.Faults {
		if w := holding(x.Began); x.Error == "" && (w.Kind == "" || w.Round != x.Round || x.Ended < x.Began) {
			problems = append(problems, fmt.Sprintf("The fault %s on %s came at %s of the run, outside the disruption window of its round.", x.Name, x.Target, seconds(x.Began)))
		}
	}
	for _, t := range f.dying() {
		if w := holding(t.Delete.At); w.Kind != "" && w.Ended < t.Delete.At+f.run.SLO.EndpointRemoval {
			problems = append(problems, fmt.Sprintf("The %s ended %s after the delete of pod %s, sooner than traffic may still come to it (%s).",
				windowName(w), seconds(w.Ended-t.Delete.At), t.Pod, seconds(f.run.SLO.EndpointRemoval)))
		}
	}
	return problems
}

// podsSound looks for pods whose end was seen and whose beginning to end was not: they would be judged by nobody.
func podsSound(f *facts) (problems []string) {
	strangers := map[string]bool{}
	for _, e := range f.run.Events {
		if e.Kind == record.PodTerminating && f.byName[e.Object] == nil {
			strangers[e.Object] = true
		}
	}
	for _, p := range f.run.Probes {
		if f.byName[p.Pod] == nil {
			strangers[p.Pod] = true
		}
	}
	if len(strangers) > 0 {
		problems = append(problems, "Pods were deleted or probed that are not in the record: "+list(sorted(strangers), 3)+".")
	}
	for i := range f.lines {
		if t := &f.lines[i]; !t.Terminated() && (t.Exited.Seen() || t.PodGone.Seen() || t.SignalLogged) {
			problems = append(problems, fmt.Sprintf("Pod %s ended, and nobody was seen to ask it to: it crashed, or its delete was missed.", t.Pod))
		}
	}
	return problems
}

// probesSound looks for probes whose figures contradict each other.
func probesSound(f *facts) (problems []string) {
	for _, p := range f.run.Probes {
		if p.Began < 0 || p.Ended < p.Began || p.Gap < 0 || p.Accepted < 0 || p.Accepted > p.Attempts || p.Accepted == 0 && p.LastAccepted > 0 ||
			p.LastAccepted > p.Ended || p.FirstRefused > p.Ended || p.FirstRefused > 0 && p.LastAccepted > p.FirstRefused {
			problems = append(problems, fmt.Sprintf("What agent %s noted when it dialled pod %s contradicts itself.", p.Agent, p.Pod))
		}
	}
	return problems
}

// agentsThroughout demands that each agent sent from the first window to the end of the last one. Fewer requests than
// were asked for show in the rate; one of many agents that is silent at either end may not.
func agentsThroughout(f *facts) (problems []string) {
	if len(f.run.Windows) == 0 || len(f.run.Requests) == 0 {
		return nil // said elsewhere
	}
	from, to := f.run.Windows[0].Began, f.run.Windows[0].Ended
	for _, w := range f.run.Windows {
		from, to = min(from, w.Began), max(to, w.Ended)
	}
	for _, a := range f.run.Agents {
		first, last, sent := time.Duration(math.MaxInt64), time.Duration(0), false
		for i := range f.run.Requests {
			if r := &f.run.Requests[i]; r.Agent == a.Name {
				first, last, sent = min(first, r.Start), max(last, r.Start), true
			}
		}
		switch allowed := f.allowedGap(); {
		case a.Lost != "":
		case !sent:
			problems = append(problems, fmt.Sprintf("Agent %s on %s sent nothing.", a.Name, a.Node))
		case first > from+allowed:
			problems = append(problems, fmt.Sprintf("Agent %s on %s sent nothing for the first %s that are judged.", a.Name, a.Node, seconds(first-from)))
		case last < to-allowed:
			problems = append(problems, fmt.Sprintf("Agent %s on %s sent nothing for the last %s that are judged.", a.Name, a.Node, seconds(to-last)))
		}
	}
	return problems
}
