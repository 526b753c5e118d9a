package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// apiServer is how restarts of the API server went: a column for each, so that configurations stand side by side.
type apiServer struct {
	Restarts []apiColumn
	Rows     []apiRow
}

type apiColumn struct{ Name, Flags, At string }

type apiRow struct {
	Name, Source string
	Cells        []string
}

// apiPhases are those that a restart may have, in their order, in words.
var apiPhases = []struct {
	phase record.APIPhase
	words string
}{
	{record.APINormal, "nothing to be seen yet"},
	{record.APIDelay, "/readyz fails, all else is answered"},
	{record.APIShedding, "429 with Retry-After"},
	{record.APIRefused, "no connection can be made"},
	{record.APIStarting, "connections are accepted, /readyz fails"},
}

func (f *facts) apiServer() apiServer {
	var out apiServer
	restarts := f.APIRestarts()
	for _, r := range restarts {
		out.Restarts = append(out.Restarts, apiColumn{
			Name:  fmt.Sprintf("%s, round %d", r.Fault.Attr[record.APIServerWay], r.Fault.Round),
			Flags: cmp.Or(r.Fault.Attr[record.APIServerFlags], "no shutdown flags"), At: clockTime(f.Run, r.Fault.Began),
		})
	}
	row := func(name, source string, cell func(record.APIRestart) string) {
		line := apiRow{Name: name, Source: source}
		for _, r := range restarts {
			line.Cells = append(line.Cells, cmp.Or(cell(r), "–"))
		}
		if slices.ContainsFunc(line.Cells, func(text string) bool { return text != "–" }) {
			out.Rows = append(out.Rows, line)
		}
	}
	for _, p := range apiPhases {
		row("Phase: "+string(p.phase), p.words, func(r record.APIRestart) string {
			if s, ok := r.Span(p.phase); ok {
				return "for " + duration(s.Length())
			}
			return ""
		})
	}
	row("Back", "/readyz says 200 for good", func(r record.APIRestart) string {
		if s, ok := r.Span(record.APIBack); ok {
			return signed(duration(s.Began - r.Fault.Began))
		}
		return "not seen"
	})
	after := func(of func(record.APIRestart) time.Duration) func(record.APIRestart) string {
		return func(r record.APIRestart) string {
			if at := of(r); at > 0 {
				return signed(duration(at - r.Fault.Began))
			}
			return ""
		}
	}
	row("Old process ended", "in the node", after(func(r record.APIRestart) time.Duration { return r.Exited }))
	row("New process", "in the node", after(func(r record.APIRestart) time.Duration { return r.Started }))
	row("kubelet's back-off", "kubelet's log", func(r record.APIRestart) string {
		if r.BackOff != "" {
			return "up to " + r.BackOff + ", none of the API server's doing"
		}
		return ""
	})
	for _, l := range f.Clients {
		row(strings.TrimPrefix(string(l.Class), "api/"), "failed of all, and when", func(r record.APIRestart) string { return f.apiCell(r, l.Class) })
	}
	return out
}

// apiCell counts what one class of clients saw in one restart, by phase.
func (f *facts) apiCell(r record.APIRestart, class record.Class) string {
	asked, failed := 0, map[record.APIPhase]int{}
	sum := 0
	for _, q := range f.APIRequests {
		if q.Class != class || q.Start < r.Fault.Began || q.Start >= r.Ended {
			continue
		}
		asked++
		if q.Failed() {
			sum++
			failed[r.PhaseAt(q.End)]++
		}
	}
	if asked == 0 {
		return ""
	}
	text := count(sum) + " of " + count(asked)
	var parts []string
	for _, p := range append(slices.Clone(apiPhases), struct {
		phase record.APIPhase
		words string
	}{phase: record.APIBack}) {
		if n := failed[p.phase]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", count(n), p.phase))
		}
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// apiLane draws the phases of the API server, and under them when its clients failed.
func (c *canvas) apiLane() {
	restarts := c.APIRestarts()
	if len(restarts) == 0 {
		return
	}
	const height px = 16
	c.name(c.y+9, "API server", restarts[0].Fault.Target, "API server on "+restarts[0].Fault.Target)
	for _, s := range c.apiSpans(restarts) {
		part, ok := c.x.cut(span{s.Began, s.Ended})
		if !ok {
			continue
		}
		c.bar("phase api "+apiClass(s.Phase), part, c.y, height, "", "API server: "+string(s.Phase)+" for "+duration(s.Length()))
		c.label("phase api "+apiClass(s.Phase), part, c.y, height, string(s.Phase))
	}
	for _, q := range c.APIRequests {
		if q.Failed() && q.Class != record.APIReadyz && c.x.holds(q.End) {
			x := c.x.at(q.End)
			c.line("hit", x, c.y+height+1, x, c.y+height+5)
		}
	}
	c.y += 34
}

// apiSpans are the phases of all restarts, and the time around them, in which nothing was wrong.
func (c *canvas) apiSpans(restarts []record.APIRestart) []record.APISpan {
	var out []record.APISpan
	at := c.x.from
	for _, r := range restarts {
		out = append(out, record.APISpan{Phase: record.APINormal, Began: at, Ended: r.Fault.Began})
		out = append(out, r.Spans...)
		at = r.Ended
	}
	return append(out, record.APISpan{Phase: record.APINormal, Began: at, Ended: c.x.to})
}

func apiClass(p record.APIPhase) string {
	switch p {
	case record.APIDelay:
		return "lameduck"
	case record.APIShedding:
		return "prestop"
	case record.APIRefused:
		return "refused"
	case record.APIStarting:
		return "starting"
	default:
		return "serving"
	}
}

// restartZooms draws the surroundings of each restart.
func (f *facts) restartZooms() (out []chart) {
	for i, r := range f.APIRestarts() {
		end := r.Ended
		if back, ok := r.Span(record.APIBack); ok {
			end = back.Began + zoomAfter
		}
		c := f.canvas(span{r.Fault.Began - zoomBefore, end}, r.Fault.Began, true)
		v := c.draw()
		v.ID = fmt.Sprintf("restart-%d", i+1)
		v.Title = fmt.Sprintf("The restart of the API server by %s", r.Fault.Attr[record.APIServerWay])
		v.Caption = "Seconds since the fault, at " + clockTime(f.Run, r.Fault.Began) + " UTC. Strokes under the bar: requests to the API that failed."
		out = append(out, v)
	}
	return out
}
