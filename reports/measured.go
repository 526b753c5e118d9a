package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// fact is a name with what is to be said of it.
type fact struct{ Name, Text string }

// grid is a plain table.
type grid struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

// measured says how the figures came about: what was asked of the harness, and what it reached.
func (f *facts) measured() []grid {
	all := []grid{f.loadGrid(), f.agentGrid(), f.windowGrid(), f.faultGrid(), f.probeGrid()}
	return slices.DeleteFunc(all, func(g grid) bool { return len(g.Rows) == 0 })
}

func (f *facts) loadGrid() grid {
	g := grid{
		Title: "Traffic", Head: []string{"Class", "Request", "Wanted", "Reached", "Requests", "Failed", "Latest start (p99.9)"},
		Note: "Requests start when they are due, whether or not earlier ones have come back; latency counts from then. How late the generator itself was is the last column.",
	}
	for _, class := range append(f.classes(), f.lasting()...) {
		var sent, failed int
		var first, last time.Duration
		var late []time.Duration
		f.each(class, func(due, began time.Duration, broken bool) {
			if sent == 0 || due < first {
				first = due
			}
			last = max(last, due)
			sent++
			if broken {
				failed++
			}
			late = append(late, began-due)
		})
		wanted, reached, lateness := "–", "–", "–"
		if w := f.wanted(class); w > 0 {
			wanted = number(w) + "/s"
		}
		if sent > 1 && last > first {
			reached = number(float64(sent-1)/(last-first).Seconds()) + "/s"
			slices.Sort(late)
			lateness = duration(max(quantile(late, 0.999), 0))
		}
		g.Rows = append(g.Rows, []string{string(class), f.requestOf(class), wanted, reached, count(sent), count(failed), lateness})
	}
	return g
}

// each tells of every request, stream and watch of the class when it was due and begun, and whether it failed or broke.
func (f *facts) each(class record.Class, tell func(due, began time.Duration, broken bool)) {
	for _, r := range f.Requests {
		if r.Class == class {
			tell(r.Due, r.Start, r.Failed())
		}
	}
	for _, s := range f.Ledger.Streams {
		if s.Class == class {
			tell(s.Due, s.Began, s.Missing+s.Doubled+s.Disordered > 0 || slices.ContainsFunc(s.Legs, func(l record.StreamLeg) bool { return l.End == record.LegBroken }))
		}
	}
	for _, w := range f.Ledger.Watches {
		if w.Class == class {
			tell(w.Due, w.Began, w.Missing+w.Doubled+w.Disordered > 0)
		}
	}
}

// lasting are the classes of streams and watches that were asked for, in their order.
func (f *facts) lasting() (out []record.Class) {
	for _, l := range f.Loads {
		if l.Class.Lasting() && !slices.Contains(out, l.Class) {
			out = append(out, l.Class)
		}
	}
	return out
}

// requestOf tells what a class asks for.
func (f *facts) requestOf(class record.Class) string {
	var all []string
	for _, l := range f.Loads {
		if l.Class != class {
			continue
		}
		text := l.Method + " " + l.Path
		if len(l.Body) > 0 {
			text += ", body of " + plural(len(l.Body), "byte")
		}
		if l.Expect != 0 {
			text += ", wants " + fmt.Sprint(l.Expect)
		}
		if l.Takes > 0 {
			text += ", takes " + whole(l.Takes)
		}
		all = append(all, text)
	}
	return cmp.Or(strings.Join(all, "; "), "–")
}

func (f *facts) agentGrid() grid {
	g := grid{
		Title: "Sources of traffic", Head: []string{"Agent", "Node", "Sent", "Sending", "Clock offset", "Drift", "State"},
		Note: "An agent's times are moved to this command's clock by the offset; its uncertainty is part of every figure that compares the two.",
	}
	for _, a := range f.Agents {
		state := "complete"
		if a.Lost != "" {
			state = "LOST: " + a.Lost
		}
		g.Rows = append(g.Rows, []string{
			a.Name, a.Node, count(a.Sent), between(a.Began, a.Ended), doubtful(a.Clock.Offset, a.Clock.Uncertainty),
			duration(a.Clock.Drift), state,
		})
	}
	return g
}

func between(began, ended time.Duration) string {
	return fixed(began.Seconds(), 2) + " to " + fixed(ended.Seconds(), 2) + " s"
}

func (f *facts) windowGrid() grid {
	g := grid{
		Title: "Windows", Head: []string{"Window", "Time", "Length", "Requests due", "Failed"},
		Note: "A rate is judged over the disruption windows only: quiet time does not dilute it. The control window shows that traffic was clean before anything was disturbed.",
	}
	for _, w := range f.Windows {
		name := string(w.Kind)
		if w.Round > 0 {
			name = fmt.Sprintf("%s, round %d", w.Kind, w.Round)
		}
		sent, failed := 0, 0
		for _, r := range f.Requests {
			if w.Contains(r.Due) && r.ErrKind != record.ErrCanceled {
				sent++
				if r.Failed() {
					failed++
				}
			}
		}
		g.Rows = append(g.Rows, []string{name, between(w.Began, w.Ended), duration(w.Ended - w.Began), count(sent), count(failed)})
	}
	return g
}

func (f *facts) faultGrid() grid {
	g := grid{Title: "Disruptions", Head: []string{"Round", "What", "Target", "Sent", "Accepted after", "Effect"}}
	for _, v := range f.Faults {
		effect := "seen"
		if !v.Happened {
			effect = "NOT SEEN"
		}
		if v.Error != "" {
			effect += ": " + v.Error
		}
		what := v.Name
		for _, k := range slices.Sorted(maps.Keys(v.Attr)) {
			what += " " + k + "=" + v.Attr[k]
		}
		g.Rows = append(g.Rows, []string{count(v.Round), what, v.Target, clockTime(f.Run, v.Began), duration(v.Ended - v.Began), effect})
	}
	return g
}

func (f *facts) probeGrid() grid {
	g := grid{
		Title: "Probes of the terminating pods", Head: []string{"Pod", "From", "Dials", "Accepted", "Last accepted", "First refused", "First silent", "Resolution"},
		Note: "Each source dials the terminating pod's own address, connects and closes, so that the end of its listener is measured and not left to the luck of a request. Times count from the delete.",
	}
	for _, p := range f.Probes {
		since := func(at time.Duration) string {
			if at == 0 {
				return "never"
			}
			if t, ok := f.byPod[p.Pod]; ok && t.Terminated() {
				return offset(at - t.Delete.At)
			}
			return fixed(at.Seconds(), 3) + " s"
		}
		dials := count(p.Attempts) + ", every " + duration(p.Interval)
		if p.Blips > 0 {
			dials += ", refused in between: " + count(p.Blips)
		}
		if p.Error != "" {
			dials += ", " + p.Error
		}
		g.Rows = append(g.Rows, []string{
			p.Pod, cmp.Or(p.Node, p.Agent), dials, count(p.Accepted), since(p.LastAccepted), since(p.FirstRefused),
			since(p.FirstSilent), duration(p.Gap),
		})
	}
	return g
}

// judgedBy lists the figures that the run was judged by.
func (f *facts) judgedBy() []fact {
	s := f.SLO
	out := []fact{
		{"Failed requests", "fewer than " + percent(s.ErrorRate) + " per class, with " + percent(s.Confidence) + " confidence, over at most " + plural(s.Rounds, "round")},
		{"Removal of the endpoint", "within " + whole(s.EndpointRemoval) + " of the delete"},
		{"Generator", "late by at most " + whole(s.MaxLateness) + ", at least " + percent(s.MinRate) + " of the wanted rate, clocks known to " + whole(s.MaxClockDoubt)},
	}
	if len(s.Waive) > 0 {
		out = append(out, fact{"Waived", list(s.Waive, 20)})
	}
	return out
}

// workload lists how the service under test was configured.
func (f *facts) workload() []fact {
	w := f.Workload
	preStop := "none"
	if w.PreStopKind != "" || w.PreStop > 0 {
		preStop = cmp.Or(w.PreStopKind, "sleep") + " " + whole(w.PreStop)
	}
	out := []fact{
		{"Application", f.App}, {"Workload", w.Name}, {"Namespace", w.Namespace}, {"Service", w.Service},
		{"Replicas", count(w.Replicas)}, {"Grace period", whole(w.Grace)}, {"preStop", preStop},
		{"Readiness", w.Readiness}, {"Liveness", w.Liveness}, {"Strategy", w.Strategy}, {"Image", w.Image},
	}
	for _, k := range slices.Sorted(maps.Keys(w.Environment)) {
		out = append(out, fact{k, w.Environment[k]})
	}
	return slices.DeleteFunc(out, func(v fact) bool { return v.Text == "" })
}

// surroundings lists where the run took place.
func (f *facts) surroundings() []fact {
	out := []fact{{"Platform", f.Platform}}
	for _, k := range slices.Sorted(maps.Keys(f.Versions)) {
		out = append(out, fact{k, f.Versions[k]})
	}
	for _, n := range f.Nodes {
		out = append(out, fact{"Node " + n.Name, cmp.Or(n.Roles, "worker")})
	}
	return append(out, fact{"Run", f.ID}, fact{"Seed", fmt.Sprint(f.Seed)}, fact{"Schema of the record", count(f.Run.Schema)})
}
