package assertions

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// facts are a run with what several checks need of it worked out once: who failed on which pod, who dialled it until
// when, and what was in flight. Requests are named by their index in run.Requests.
type facts struct {
	run     *record.Run
	lines   []record.Timeline
	byName  map[string]*record.Timeline
	doubt   map[string]time.Duration     // uncertainty of each agent's clock
	suspect map[int]suspicion            // failed requests whose pod no answer named
	atPod   map[string][]int             // requests that reached the pod, or failed on it
	dialled map[string]map[string]*dials // new connections, by pod and the node that they came from
	sources map[string]*source           // nodes with an agent
	closers map[connection]time.Duration // connections that an answer said would close, and when that request first began
	goAways map[connection]time.Duration // connections whose clients were told by GOAWAY, and when first
	// answered are the pods that answered anything: those were endpoints, whether or not anybody saw them become ready.
	answered map[string]bool
	failures map[int]record.Failure
	within   map[string]time.Duration // how soon a pod takes up a connection, once asked for
	proved   map[string]string        // what unhandled and closedEarly found, by theory and pod
	empty    emptiness
}

// connection is one connection of one agent.
type connection struct {
	agent string
	id    uint64
}

// source is one node that traffic comes from.
type source struct {
	doubt       time.Duration // clock uncertainty of the worst agent there
	first, last time.Duration // starts of its first and last new connection in the run
	sent        int           // new connections
}

// dials are the new connections from one node that reached one pod.
type dials struct {
	starts []time.Duration // those begun before the delete
	last   time.Duration   // start of the last one begun after the delete; 0: none
	after  int             // how many those were
}

// learn works the facts out. It reads the run and never changes it.
func learn(run *record.Run) *facts {
	f := &facts{
		run: run, lines: run.Timelines(),
		byName: map[string]*record.Timeline{}, doubt: map[string]time.Duration{}, suspect: map[int]suspicion{},
		atPod: map[string][]int{}, dialled: map[string]map[string]*dials{}, sources: map[string]*source{},
		closers: map[connection]time.Duration{}, goAways: map[connection]time.Duration{}, proved: map[string]string{}, within: map[string]time.Duration{}, answered: map[string]bool{}, failures: map[int]record.Failure{},
	}
	for i := range f.lines {
		f.byName[f.lines[i].Pod] = &f.lines[i]
	}
	for _, a := range run.Agents {
		f.doubt[a.Name] = a.Clock.Uncertainty
		if f.sources[a.Node] == nil {
			f.sources[a.Node] = &source{}
		}
		f.sources[a.Node].doubt = max(f.sources[a.Node].doubt, a.Clock.Uncertainty)
	}
	for _, c := range run.Ledger.Connections {
		if at, told := c.Told(); told {
			f.goAways[connection{c.Agent, c.Conn}] = at
		}
	}
	for i := range run.Requests {
		if pod := run.Requests[i].Pod; pod != "" && !f.answered[pod] {
			f.answered[pod] = true
		}
	}
	for i := range run.Requests {
		f.take(i)
	}
	return f
}

// take files one request under its pod and its node.
func (f *facts) take(i int) {
	r := &f.run.Requests[i]
	pod := r.Pod
	if pod == "" && r.Failed() {
		f.suspect[i] = f.whose(r)
		pod = f.suspect[i].pod
	}
	if pod != "" {
		f.atPod[pod] = append(f.atPod[pod], i)
	}
	if c := (connection{r.Agent, r.Conn}); r.Close && !r.Class.OnHTTP2() && (f.closers[c] == 0 || r.Start < f.closers[c]) {
		f.closers[c] = r.Start
	}
	if !r.Class.NewConnection() {
		return
	}
	if s := f.sources[r.Node]; s != nil {
		if s.sent == 0 || r.Start < s.first {
			s.first = r.Start
		}
		s.last = max(s.last, r.Start)
		s.sent++
	}
	if pod != "" {
		f.dial(pod, r)
	}
}

func (f *facts) dial(pod string, r *record.Request) {
	if f.dialled[pod] == nil {
		f.dialled[pod] = map[string]*dials{}
	}
	d := f.dialled[pod][r.Node]
	if d == nil {
		d = &dials{}
		f.dialled[pod][r.Node] = d
	}
	if t := f.byName[pod]; t == nil || !t.Terminated() || r.Start < t.Delete.At {
		d.starts = append(d.starts, r.Start)
		return
	}
	d.last = max(d.last, r.Start)
	d.after++
}

// once evaluates a theory about a pod a single time: thousands of failed requests may ask for it.
func (f *facts) once(name string, t *record.Timeline, holds theory) string {
	key := name + "/" + t.Pod
	code, known := f.proved[key]
	if !known {
		code = holds(f, t)
		f.proved[key] = code
	}
	return code
}

// dying lists the pods that were asked to end, in the order of their deletes.
func (f *facts) dying() []*record.Timeline {
	var out []*record.Timeline
	for i := range f.lines {
		if f.lines[i].Terminated() {
			out = append(out, &f.lines[i])
		}
	}
	return out
}

// lastDial is the start of the last new connection to the pod after its delete and the node it came from; 0: none.
func (f *facts) lastDial(pod string) (at time.Duration, node string) {
	for _, name := range sorted(f.dialled[pod]) {
		if d := f.dialled[pod][name]; d.last > at {
			at, node = d.last, name
		}
	}
	return at, node
}

// windows of the kind, in the order of the record.
func windows(run *record.Run, kind record.WindowKind) []record.Window {
	var out []record.Window
	for _, w := range run.Windows {
		if w.Kind == kind {
			out = append(out, w)
		}
	}
	return out
}

// inside reports whether the time lies in any of the windows.
func inside(at time.Duration, among []record.Window) bool {
	for _, w := range among {
		if w.Contains(at) {
			return true
		}
	}
	return false
}

// seqs are the sequence numbers of the requests, for evidence.
func (f *facts) seqs(indexes []int) []uint64 {
	var out []uint64
	for _, i := range indexes {
		out = append(out, f.run.Requests[i].Seq)
	}
	return out
}
