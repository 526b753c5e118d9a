package reports

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// hops is the way of a delete through the cluster: a row for each hop, a column for each pod.
type hops struct {
	Pods []hopPod
	Rows []hopRow
	Left int // pods that found no room
}

type hopPod struct{ Name, Node, At string }

type hopRow struct {
	Hop, Source string
	Cells       []hopCell
}

type hopCell struct {
	Text    string
	Warning string // what is wrong with it; "" nothing
}

// maxHopPods bounds the columns of the table.
const maxHopPods = 6

func (f *facts) hops() hops {
	lines := f.terminated()
	left := max(len(lines)-maxHopPods, 0)
	lines = lines[:len(lines)-left]
	out := hops{Left: left}
	for _, t := range lines {
		out.Pods = append(out.Pods, hopPod{t.Pod, t.Node, clockTime(f.Run, t.Delete.At)})
	}
	row := func(hop, source string, cell func(record.Timeline) hopCell) {
		r := hopRow{Hop: hop, Source: source}
		seen := false
		for _, t := range lines {
			v := cell(t)
			seen = seen || v.Text != ""
			if v.Text == "" {
				v.Text = "–"
			}
			r.Cells = append(r.Cells, v)
		}
		if seen {
			out.Rows = append(out.Rows, r)
		}
	}
	f.hopRows(lines, row)
	return out
}

// hopRows lists the hops in the order in which a graceful termination passes them.
func (f *facts) hopRows(lines []record.Timeline, row func(hop, source string, cell func(record.Timeline) hopCell)) {
	simple := func(of func(record.Timeline) record.Mark) func(record.Timeline) hopCell {
		return func(t record.Timeline) hopCell { return hopCell{Text: sinceDelete(t, of(t))} }
	}
	row("Delete accepted", "API server's answer", simple(func(t record.Timeline) record.Mark { return t.Accepted }))
	row("Pod marked as terminating", "watch on pods", simple(func(t record.Timeline) record.Mark { return t.Terminating }))
	row("Endpoint out of service", "watch on EndpointSlices", simple(func(t record.Timeline) record.Mark { return t.EndpointRemoved }))
	for _, node := range f.arrivalNodes(lines) {
		row("Last new connection from "+node, "traffic", func(t record.Timeline) hopCell { return f.arrivalCell(t, node) })
	}
	row("SIGTERM", "app's log, or inferred", func(t record.Timeline) hopCell {
		text := sinceDelete(t, t.Signal)
		if text != "" && !t.SignalLogged {
			text += " (inferred)"
		}
		return hopCell{Text: text}
	})
	row("App says not ready", "app's log", simple(func(t record.Timeline) record.Mark { return t.NotReady }))
	row("Last dial that the listener accepted", "probe of the pod's address", simple(func(t record.Timeline) record.Mark { return t.LastAccepted }))
	row("Listener closed", "probe of the pod's address", func(t record.Timeline) hopCell {
		cell := hopCell{Text: sinceDelete(t, t.ListenerClosed)}
		if short := t.Delete.At + f.SLO.EndpointRemoval - t.ListenerClosed.At; t.ListenerClosed.Seen() && short > 0 {
			cell.Warning = duration(short) + " too early: must accept for " + whole(f.SLO.EndpointRemoval)
		}
		return cell
	})
	row("App closed its listener", "app's log", simple(func(t record.Timeline) record.Mark { return t.AppClosed }))
	row("Drained", "app's log", simple(func(t record.Timeline) record.Mark { return t.Drained }))
	row("Process ended", "container's status", f.exitCell)
	row("Pod object gone", "watch on pods", simple(func(t record.Timeline) record.Mark { return t.PodGone }))
}

func (f *facts) exitCell(t record.Timeline) hopCell {
	cell := hopCell{Text: sinceDelete(t, t.Exited)}
	if cell.Text == "" {
		return cell
	}
	switch {
	case t.Killed:
		cell.Warning = "killed"
		if t.ExitReason != "" {
			cell.Warning += " (" + t.ExitReason + ")"
		}
	case t.ExitCode > 0:
		cell.Warning = "exit code " + count(t.ExitCode)
	case t.ExitCode == 0:
		cell.Text += ", exit code 0"
	}
	return cell
}

// sinceDelete writes a mark as the time since the pod's delete; "" when it was not seen.
func sinceDelete(t record.Timeline, m record.Mark) string {
	if !m.Seen() {
		return ""
	}
	return sinceWithDoubt(m.At-t.Delete.At, m.Uncertainty)
}

// sinceWithDoubt writes all times of the table in one unit, so that they can be compared at a glance. An uncertainty below
// a millisecond is rounded up: none is ever shown as zero.
func sinceWithDoubt(since, uncertainty time.Duration) string {
	decimals := 3
	if uncertainty > 0 {
		uncertainty = max(uncertainty, time.Millisecond)
		decimals = digits(uncertainty.Seconds())
	}
	text := signed(fixed(since.Seconds(), decimals)) + " s"
	if uncertainty > 0 {
		text += " ± " + fixed(uncertainty.Seconds(), decimals) + " s"
	}
	return text
}

func (f *facts) arrivalNodes(lines []record.Timeline) []string {
	var nodes []string
	seen := make(map[string]bool)
	for _, t := range lines {
		for _, a := range f.lastArrivals(t.Pod) {
			if !seen[a.node] {
				seen[a.node] = true
				nodes = append(nodes, a.node)
			}
		}
	}
	return nodes
}

func (f *facts) arrivalCell(t record.Timeline, node string) hopCell {
	for _, a := range f.lastArrivals(t.Pod) {
		if a.node != node {
			continue
		}
		since := a.at - t.Delete.At
		if since < 0 {
			return hopCell{Text: "none after the delete"}
		}
		return hopCell{Text: sinceWithDoubt(since, a.uncertainty)}
	}
	return hopCell{}
}
