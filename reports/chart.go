package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Sizes of a chart. A chart is drawn for this width and scaled by the browser, never below the size at which its text
// can be read: a narrow window scrolls it sideways inside its own frame.
const (
	chartWidth px = 1160
	gutter     px = 214 // names of the rows, left of the axis
	margin     px = 16  // right of the axis
	glyph      px = 6.3 // mean advance of a letter at the charts' font size; only an estimate is to be had without fonts
)

// shape is one element of a drawing. Only numbers and text from here reach the markup, which the template escapes.
type shape struct {
	Kind         string // "rect", "line", "path", "text"
	Class        string
	X, Y, W, H   px // of a line: W and H are its other end
	D            string
	Text, Title  string
	Anchor       string
	Focus        bool
	RoundCorners bool
}

// chart is one image: rows above each other on one time axis.
type chart struct {
	ID, Title, Caption string
	Label              string // what the image shows, for those who do not see it
	Height             px
	Shapes             []shape
}

func (chart) Width() px  { return chartWidth }
func (chart) Gutter() px { return gutter }

// canvas is a chart in the making; rows are appended at y.
type canvas struct {
	*facts
	x    scale
	zero time.Duration // what the axis counts from
	zoom bool          // around one disruption: marks get labels
	// byDelete: the axis counts from a pod's delete.
	byDelete bool
	y        px
	shapes   []shape
	parts    int // buckets to divide the axis into, at most
}

func (c *canvas) add(s ...shape) { c.shapes = append(c.shapes, s...) }

func (c *canvas) text(class string, x, y px, anchor, text string) {
	c.add(shape{Kind: "text", Class: class, X: x, Y: y, Anchor: anchor, Text: text})
}

func (c *canvas) line(class string, x1, y1, x2, y2 px) {
	c.add(shape{Kind: "line", Class: class, X: x1, Y: y1, W: x2, H: y2})
}

// name puts a row's name and a remark into the gutter.
func (c *canvas) name(y px, name, remark, title string) {
	c.add(shape{Kind: "text", Class: "row", X: 0, Y: y, Anchor: "start", Text: middle(name, 30), Title: title})
	if remark != "" {
		c.text("remark", 0, y+12, "start", middle(remark, 36))
	}
}

// overall draws the whole run; its axis counts from the run's beginning.
func (f *facts) overall() chart {
	end := f.Ended
	for _, r := range f.Requests {
		end = max(end, r.End)
	}
	c := f.canvas(span{0, max(end, time.Second)}, 0, false)
	out := c.draw()
	out.ID, out.Title = "overall", "The whole run"
	out.Caption = "Seconds since the run began, at " + f.Began.UTC().Format("2006-01-02 15:04:05") + " UTC."
	return out
}

// Around a delete: what came shortly before it, and what came shortly after all of it was over.
const (
	zoomBefore = 2 * time.Second
	zoomAfter  = 2 * time.Second
	maxZooms   = 8 // deletes that get an image of their own
)

// zooms draws the surroundings of each delete; left is how many deletes got no image.
func (f *facts) zooms() (out []chart, left int) {
	for i, t := range f.terminated() {
		if i == maxZooms {
			return out, len(f.terminated()) - maxZooms
		}
		c := f.canvas(f.around(t), t.Delete.At, true)
		c.byDelete = true
		v := c.draw()
		v.ID = fmt.Sprintf("delete-%d", i+1)
		v.Title = "The delete of " + t.Pod
		v.Caption = "Seconds since the delete was sent, at " + clockTime(f.Run, t.Delete.At) + " UTC."
		out = append(out, v)
	}
	return out, 0
}

// around is the stretch that tells a termination's story: until the process has ended, the removal budget is over and
// the last request has failed by it.
func (f *facts) around(t record.Timeline) span {
	end := t.Delete.At + f.SLO.EndpointRemoval
	for _, m := range []record.Mark{t.Signal, t.ListenerClosed, t.Exited, t.EndpointRemoved} {
		if m.Seen() {
			end = max(end, m.At)
		}
	}
	if !t.Exited.Seen() {
		end = max(end, t.Delete.At+f.Workload.PreStop+5*time.Second)
	}
	for _, v := range f.failed {
		if v.Sent && v.concerns(t.Pod) && v.At < t.Delete.At+2*time.Minute {
			end = max(end, v.At)
		}
	}
	return span{t.Delete.At - zoomBefore, end + zoomAfter}
}

func (f *facts) canvas(s span, zero time.Duration, zoom bool) *canvas {
	return &canvas{facts: f, x: scale{s, gutter, chartWidth - margin}, zero: zero, zoom: zoom, parts: 120}
}

func (c *canvas) draw() chart {
	c.y = 18
	top := c.y
	c.disruption()
	c.lanes()
	c.apiLane()
	c.failures()
	c.plots()
	bottom := c.y
	c.y += 16
	return chart{
		Height: c.y, Shapes: slices.Concat(c.axis(top, bottom), c.shapes, c.deletes(top, bottom)),
		Label: c.describe(),
	}
}

// axis draws the grid behind everything, with the times above and below.
func (c *canvas) axis(top, bottom px) []shape {
	var out []shape
	step := niceStep(c.x.length(), 14)
	for _, t := range ticks(c.x.span, c.zero, step) {
		x := c.x.at(t)
		out = append(out, shape{Kind: "line", Class: "grid", X: x, Y: top, W: x, H: bottom})
		label := tickLabel(t-c.zero, step)
		if c.zoom {
			label = signed(label)
			if t == c.zero {
				label = "fault"
				if c.byDelete {
					label = "delete"
				}
			}
		}
		for _, y := range []px{top - 6, bottom + 12} {
			out = append(out, shape{Kind: "text", Class: "tick", X: x, Y: y, Anchor: "middle", Text: label})
		}
	}
	return out
}

// deletes draws a line through all rows at each disruption, in front of everything.
func (c *canvas) deletes(top, bottom px) []shape {
	var out []shape
	for _, fault := range c.Faults {
		if c.x.holds(fault.Began) {
			x := c.x.at(fault.Began)
			out = append(out, shape{Kind: "line", Class: "zero", X: x, Y: top, W: x, H: bottom})
		}
	}
	return out
}

// disruption draws the windows that the run is judged by, and what was injected.
func (c *canvas) disruption() {
	c.name(c.y+13, "Disruption", "and windows judged", "")
	for _, w := range c.Windows {
		part, ok := c.x.cut(span{w.Began, w.Ended})
		if !ok {
			continue
		}
		label := string(w.Kind)
		if w.Round > 0 {
			label = fmt.Sprintf("%s, round %d", w.Kind, w.Round)
		}
		title := fmt.Sprintf("%s: %s to %s", label, tickLabel(w.Began, time.Millisecond), tickLabel(w.Ended, time.Millisecond))
		c.bar("window "+windowClass(w.Kind), part, c.y+14, 12, label, title)
	}
	for _, v := range c.Faults {
		if !c.x.holds(v.Began) {
			continue
		}
		from, to := c.x.at(v.Began), c.x.at(min(max(v.Ended, v.Began), c.x.to))
		text := v.Name
		if v.Error != "" {
			text += ", failed"
		} else if c.zoom {
			text += ", accepted after " + duration(v.Ended-v.Began)
		}
		title := fmt.Sprintf("%s of %s, sent %s, accepted after %s", v.Name, v.Target, tickLabel(v.Began, time.Millisecond), duration(v.Ended-v.Began))
		c.add(shape{Kind: "rect", Class: "fault", X: from, Y: c.y, W: max(to-from, 2.5), H: 12, Title: title})
		c.text("faultname", max(from, c.x.left)+max(to-from, 2.5)+4, c.y+10, "start", text)
	}
	c.y += 34
}

func windowClass(k record.WindowKind) string {
	if k == record.Control {
		return "control"
	}
	return "disrupted"
}

// bar draws a rectangle over a stretch of time with its name inside, if there is room.
func (c *canvas) bar(class string, s span, y, height px, label, title string) {
	from, to := c.x.at(s.from), c.x.at(s.to)
	c.add(shape{Kind: "rect", Class: class, X: from, Y: y, W: max(to-from, 1), H: height, Title: title, RoundCorners: true})
	c.label(class, s, y, height, label)
}

// label writes a bar's name into it, if there is room.
func (c *canvas) label(class string, s span, y, height px, label string) {
	from, to := c.x.at(s.from), c.x.at(s.to)
	if label != "" && px(len([]rune(label)))*glyph+6 <= to-from {
		c.text("inbar "+strings.TrimPrefix(class, "phase "), from+5, y+height/2+3.8, "start", label)
	}
}

// describe says in words what the image shows.
func (c *canvas) describe() string {
	failures := 0
	for _, v := range c.failed {
		if v.Sent && c.x.holds(v.At) {
			failures++
		}
	}
	return fmt.Sprintf("Time axis of %s with %s, %s and %s; the tables below give the same in figures",
		duration(c.x.length()), plural(len(c.shown()), "pod"), plural(failures, "failed request"),
		"the traffic of "+list(c.classNames(), 4))
}
