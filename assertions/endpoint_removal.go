package assertions

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// spacings is how many mean spacings without a connection make it 95 % sure that connections have ended: those to one
	// of several endpoints picked at random come exponentially spaced, and exp(-3) is 0.05.
	spacings = 3
	// routedBefore is how far back from the delete the spacing is taken from.
	routedBefore = 30 * time.Second
)

var _ = registerPerPod(Check{
	Name:      "endpoint-removal",
	Guarantee: "A deleted pod gets its last new connection within the removal budget, from every node",
	Reference: "Kubernetes, Virtual IPs and Service Proxies: each node programs its own dataplane from the EndpointSlices",
	Kind:      SLO,
}, func(f *facts, t *record.Timeline) record.Finding {
	if f.neverServed(t) {
		return unserved("no new connection could reach it")
	}
	budget := f.run.SLO.EndpointRemoval
	m := f.removal(t)
	out := record.Finding{
		Measured:  atMostSeconds(m.net, m.netUpper),
		Threshold: limit(budget, "below %s"), Message: m.words(),
	}
	switch {
	case m.net > 0 && m.net-m.doubt >= budget:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Advice = fmt.Sprintf("Find out why the node programs its endpoints so late (kube-proxy's sync period and load, EndpointSlice controller); until then pods must keep accepting for %d s after the delete.", wholeSeconds(m.upper))
		// With no ready endpoint a Service falls back to those that terminate and still serve: no node is to blame.
		if code, why := f.outage(t.Delete.At, t.Delete.At+m.last); code != "" {
			out.Diagnosis, out.Advice = code, remedy(code)
			out.Message += " It was the only choice: " + why + "."
		}
	case len(m.missing) > 0:
		out.Verdict = record.Unknown
	case m.netUpper < budget:
		out.Verdict = record.Pass
	default:
		out.Verdict = record.Unknown
		out.Message += fmt.Sprintf(" With the resolution added it may be %s, so it decides nothing.", seconds(m.netUpper))
		out.Advice = m.finer(budget)
	}
	return out
})

// removal is how long new connections kept reaching a pod after its delete.
type removal struct {
	last, upper time.Duration // the latest over all nodes, without and with its resolution
	slowest     string        // the node with the last one
	// The same net of the time for which the run itself kept the node from programming its endpoints: that is nothing that
	// the cluster did. Where nothing was held up, net is last.
	net, netUpper time.Duration
	doubt         time.Duration // uncertainty of net
	held          time.Duration // how much of last the run itself brought about, at most
	nodes         []string      // each node's figure in words
	missing       []string      // why a node was not measured
}

// removal measures each node that has an agent.
func (f *facts) removal(t *record.Timeline) removal {
	var m removal
	if len(f.sources) == 0 {
		m.missing = append(m.missing, "no agent sent traffic")
	}
	for _, node := range sorted(f.sources) {
		s, d := f.sources[node], f.dialled[t.Pod][node]
		switch {
		case s.sent == 0:
			m.missing = append(m.missing, node+" opened no new connections")
			continue
		case s.last < t.Delete.At+f.held(node, t.Delete.At, math.MaxInt64).length+f.run.SLO.EndpointRemoval:
			m.missing = append(m.missing, node+" stopped opening connections before the removal budget was over")
		}
		spacing, known := f.spacing(t, node)
		if !known {
			m.missing = append(m.missing, "no new connection from "+node+" had reached it before the delete")
		}
		var last time.Duration
		if d != nil && d.after > 0 {
			last = d.last - t.Delete.At
		}
		m.take(node, last, spacings*spacing, s.doubt, f.held(node, t.Delete.At, t.Delete.At+last))
	}
	return m
}

// finer says how many more connections would tell whether the budget was kept.
func (m removal) finer(budget time.Duration) string {
	const text = "More new connections per second give a finer resolution (--rate)"
	room := budget - m.net
	if room <= 0 {
		return text + "."
	}
	return fmt.Sprintf("%s: about %.1f times as many would do.", text, math.Ceil(10*float64(m.netUpper-m.net)/float64(room))/10)
}

// take adds one node's last connection.
func (m *removal) take(node string, last, spacing, doubt time.Duration, h hold) {
	resolution, net := spacing+doubt, last-h.length
	text := fmt.Sprintf("%s %s ± %s", node, seconds(last), seconds(resolution))
	if h.length > 0 {
		text += fmt.Sprintf(", net of the injected delay %s ± %s", seconds(net), seconds(resolution+h.doubt))
	}
	m.nodes = append(m.nodes, text)
	m.upper, m.netUpper = max(m.upper, last+resolution), max(m.netUpper, net+resolution+h.doubt)
	m.held = max(m.held, h.length)
	if last > m.last {
		m.last, m.slowest = last, node
	}
	if net > m.net {
		m.net, m.doubt = net, doubt+h.doubt
	}
}

// hold is how long the run itself kept a node from programming its endpoints.
type hold struct {
	length, doubt time.Duration
}

// held adds up the delays that were injected on the node in that time.
func (f *facts) held(node string, from, to time.Duration) hold {
	var h hold
	for _, d := range f.run.Delays() {
		if part := d.Overlap(from, to); d.Node == node && part > 0 {
			h.length += part
			h.doubt = max(h.doubt, d.Uncertainty)
		}
	}
	return h
}

// spacing is the mean time between new connections from the node to the pod while it was serving; false: there were none.
func (f *facts) spacing(t *record.Timeline, node string) (time.Duration, bool) {
	from := max(f.sources[node].first, t.Ready.At, t.Delete.At-routedBefore)
	d := f.dialled[t.Pod][node]
	if d == nil || from >= t.Delete.At {
		return 0, false
	}
	n := 0
	for _, at := range d.starts {
		if at >= from && at < t.Delete.At {
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return (t.Delete.At - from) / time.Duration(n), true
}

func (m removal) words() string {
	text := "No new connection reached the pod after the delete"
	if m.last > 0 {
		text = fmt.Sprintf("The last new connection reached the pod %s after the delete, from %s", seconds(m.last), m.slowest)
		if m.held > 0 {
			text += fmt.Sprintf("; net of the %s for which the run itself held up the nodes, it is %s at most", seconds(m.held), seconds(m.net))
		}
	}
	if len(m.nodes) > 0 {
		slices.Sort(m.nodes)
		text += " (" + strings.Join(m.nodes, "; ") + ")"
	}
	text += "."
	if len(m.missing) > 0 {
		text += " Not measured everywhere: " + strings.Join(m.missing, "; ") + "."
	}
	return text
}
