package reports

import (
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// maxLanes bounds the pods of one image. Those that were terminated come first and are never left out before others.
const maxLanes = 24

// shown are the pods that existed in the image's stretch of time.
func (c *canvas) shown() []record.Timeline {
	var out []record.Timeline
	for _, t := range c.lines {
		born := t.Created.Seen() && t.Created.At > c.x.to
		gone := t.Exited.Seen() && t.Exited.At < c.x.from
		if !born && !gone {
			out = append(out, t)
		}
	}
	return out
}

func (c *canvas) lanes() {
	pods := c.shown()
	for i, t := range pods {
		if i == maxLanes {
			c.text("remark", 0, c.y+10, "start", "and "+plural(len(pods)-maxLanes, "more pod"))
			c.y += 20
			return
		}
		c.lane(t)
	}
}

// lane draws one pod: its phases as a bar, its marks, and the requests that failed by it.
func (c *canvas) lane(t record.Timeline) {
	detailed := c.zoom && t.Terminated() && c.x.holds(t.Delete.At)
	marks := c.marks(t)
	if detailed {
		c.callouts(marks)
	}
	const height px = 16
	c.name(c.y+9, t.Pod, t.Node, t.Pod+" on "+t.Node)
	phases := c.phases(t)
	for _, s := range phases {
		c.bar("phase "+phaseClass(s.phase), s.span, c.y, height, "", t.Pod+": "+string(s.phase)+" for "+duration(s.length()))
	}
	c.missed(t, height)
	for _, s := range phases {
		c.label("phase "+phaseClass(s.phase), s.span, c.y, height, string(s.phase))
	}
	for _, v := range c.failed {
		if v.Sent && v.pod() == t.Pod && c.x.holds(v.At) {
			x := c.x.at(v.At)
			c.line("hit", x, c.y-1, x, c.y+height+1)
		}
	}
	for _, m := range marks {
		if c.x.holds(m.at) {
			x := c.x.at(m.at)
			c.add(shape{Kind: "line", Class: "mark", X: x, Y: c.y - 3, W: x, H: c.y + height + 3, Title: m.label + " " + signed(duration(m.at-t.Delete.At))})
		}
	}
	c.y += 30
	if detailed {
		c.budget(t, height)
	}
}

// stretch is one phase of a pod.
type stretch struct {
	span
	phase record.Phase
}

// lastSeen is when nothing is left of a pod that could be shown; ok is false if that was not seen. After a forced delete
// the object is gone first and the process later, maybe without anybody to report its end but the probes.
func lastSeen(t record.Timeline) (end time.Duration, ok bool) {
	if !t.PodGone.Seen() {
		return 0, false
	}
	for _, m := range []record.Mark{t.PodGone, t.Signal, t.LastAccepted, t.ListenerClosed, t.Drained, t.Exited} {
		if m.Seen() {
			end = max(end, m.At)
		}
	}
	return end, true
}

// phases cuts a pod's life at its marks, within the axis. A pod that ends is shown as gone until its object is.
func (c *canvas) phases(t record.Timeline) []stretch {
	cuts := c.cuts(t)
	end, ended := lastSeen(t)
	var out []stretch
	for i := 1; i < len(cuts); i++ {
		s := stretch{span: span{cuts[i-1], cuts[i]}}
		at := s.from + s.length()/2
		if s.length() <= 0 || (t.Created.Seen() && at < t.Created.At) || (ended && at >= end) {
			continue
		}
		s.phase = t.PhaseAt(at)
		if s.phase == record.Serving && t.Created.Seen() && !t.Ready.Seen() {
			s.phase = record.Starting
		}
		if n := len(out); n > 0 && out[n-1].phase == s.phase {
			out[n-1].to = s.to
			continue
		}
		out = append(out, s)
	}
	return out
}

// cuts are the moments on the axis at which the pod's phase may change, its ends included, in order.
func (c *canvas) cuts(t record.Timeline) []time.Duration {
	cuts := []time.Duration{c.x.from, c.x.to}
	for _, m := range []record.Mark{t.Created, t.Ready, t.Delete, t.Signal, t.ListenerClosed, t.Exited, t.PodGone} {
		if m.Seen() && c.x.holds(m.At) {
			cuts = append(cuts, m.At)
		}
	}
	if end, ended := lastSeen(t); ended && c.x.holds(end) {
		cuts = append(cuts, end)
	}
	slices.Sort(cuts)
	return cuts
}

func phaseClass(p record.Phase) string {
	switch p {
	case record.Starting, record.Serving, record.Draining, record.Gone:
		return string(p)
	case record.PreStop:
		return "prestop"
	case record.LameDuck:
		return "lameduck"
	default:
		return "nophase"
	}
}

// mark is a moment of a termination worth a line on the lane.
type mark struct {
	at    time.Duration
	label string
}

func (c *canvas) marks(t record.Timeline) []mark {
	if !t.Terminated() {
		return nil
	}
	exit := "exit"
	if t.ExitCode >= 0 {
		exit = "exit " + count(t.ExitCode)
	}
	if t.Killed {
		exit = "killed"
	}
	var out []mark
	for _, v := range []struct {
		record.Mark
		label string
	}{
		{t.EndpointRemoved, "endpoint out"}, {t.Signal, signalLabel(t)}, {t.ListenerClosed, "listener closed"}, {t.Exited, exit},
	} {
		if v.Seen() {
			out = append(out, mark{v.At, v.label})
		}
	}
	slices.SortStableFunc(out, func(a, b mark) int { return int(a.at - b.at) })
	return out
}

func signalLabel(t record.Timeline) string {
	if t.SignalLogged {
		return "SIGTERM"
	}
	return "SIGTERM (inferred)"
}

const calloutRow px = 14

// callouts names the marks above the lane. Where names would cover each other the later one goes lower, so that no
// leader crosses a name.
func (c *canvas) callouts(marks []mark) {
	var lefts, widths []px
	var texts []string
	zero := c.zero
	for _, m := range marks {
		text := m.label + " " + signed(duration(m.at-zero))
		width := px(len([]rune(text)))*glyph + 8
		texts = append(texts, text)
		lefts = append(lefts, min(c.x.at(m.at), c.x.right-width))
		widths = append(widths, width)
	}
	rows, n := stagger(lefts, widths)
	bar := c.y + px(n)*calloutRow + 4
	for i, m := range marks {
		y := c.y + px(rows[i])*calloutRow + 10
		c.line("leader", c.x.at(m.at), y-9, c.x.at(m.at), bar)
		c.text("callout", lefts[i]+3, y, "start", texts[i])
	}
	c.y = bar
}

// missed hatches the time in which the pod should have accepted connections and did not.
func (c *canvas) missed(t record.Timeline, height px) {
	until := t.Delete.At + c.SLO.EndpointRemoval
	if !t.Terminated() || !t.ListenerClosed.Seen() || t.ListenerClosed.At >= until {
		return
	}
	if part, ok := c.x.cut(span{t.ListenerClosed.At, until}); ok {
		c.add(shape{
			Kind: "rect", Class: "missed", X: c.x.at(part.from), Y: c.y, W: c.x.at(part.to) - c.x.at(part.from), H: height,
			Title: "the listener closed " + duration(until-t.ListenerClosed.At) + " before the removal budget was over",
		})
	}
}

// budget draws, under the lane, for how long after the delete the pod must accept, and by how much it fell short.
func (c *canvas) budget(t record.Timeline, height px) {
	until := t.Delete.At + c.SLO.EndpointRemoval
	from, to := c.x.at(t.Delete.At), c.x.at(until)
	y := c.y - 30 + height + 6
	class, text := "budget", "must accept connections for "+whole(c.SLO.EndpointRemoval)
	if t.ListenerClosed.Seen() && t.ListenerClosed.At < until {
		class, text = "budget short", text+": closed "+duration(until-t.ListenerClosed.At)+" too early"
	}
	c.line(class, from, y, to, y)
	c.line(class, from, y-3, from, y+3)
	c.line(class, to, y-3, to, y+3)
	c.text(class, to+6, y+4, "start", text)
	c.y += 8
}
