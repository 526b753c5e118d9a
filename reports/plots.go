package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// className says a class in the words of the field.
func className(class record.Class) string {
	parts := strings.Split(string(class), "/")
	name := map[string]string{"new": "New connections", "reused": "Reused connections", "transaction": "Transactions", "job": "Jobs"}[parts[0]]
	if name == "" {
		return string(class)
	}
	switch {
	case class.OnGRPC():
		name += ", gRPC"
	case class.OnHTTP2():
		name += ", HTTP/2"
	}
	if class.Slow() {
		name += ", slow"
	}
	return name
}

func (f *facts) classNames() []string {
	var out []string
	for _, class := range f.classes() {
		out = append(out, className(class))
	}
	return out
}

const plotHeight px = 42

// plots draws rate, errors and latency of each class on the time axis.
func (c *canvas) plots() {
	for _, class := range c.classes() {
		s := newSeries(c.Requests, class, c.x.span, c.zero, bucketWidth(c.x.span, c.wanted(class), c.parts))
		c.rate(s)
		c.latency(s)
		c.readings(s)
		c.y += 2*plotHeight + 34
	}
}

// wanted is the class's rate as it was asked for, per second; 0 unknown.
func (f *facts) wanted(class record.Class) float64 {
	rate := 0.0
	for _, l := range f.Loads {
		if l.Class == class {
			rate += l.Rate
		}
	}
	return rate
}

// rate draws requests per second as an area, and failures per second as bars on the same scale. A bar is never so low
// that one failure among thousands could be overlooked.
func (c *canvas) rate(s series) {
	top, bottom := c.y+10, c.y+10+plotHeight
	c.name(top+10, className(s.class), "requests/s over "+whole(s.width)+", failed in red", string(s.class))
	high := max(s.rate, c.wanted(s.class)) * 1.1
	c.line("base", c.x.left, bottom, c.x.right, bottom)
	if high == 0 {
		c.text("remark", c.x.left+4, bottom-6, "start", "no requests")
		return
	}
	at := func(v float64) px { return bottom - plotHeight*px(v/high) }
	var area strings.Builder
	for _, b := range s.buckets {
		if part, ok := c.x.cut(b.span); ok && b.sent > 0 {
			y := at(b.perSecond(b.sent))
			area.WriteString(path("M", c.x.at(part.from), bottom, "L", c.x.at(part.from), y, "L", c.x.at(part.to), y, "L", c.x.at(part.to), bottom, "Z"))
		}
	}
	c.add(shape{Kind: "path", Class: "sent", D: area.String()})
	c.errors(s.class, top, bottom, at)
	if wanted := c.wanted(s.class); wanted > 0 {
		c.line("wanted", c.x.left, at(wanted), c.x.right, at(wanted))
		c.text("scale", c.x.left-4, at(wanted)+4, "end", number(wanted)+"/s")
	}
}

// errors draws failures per second. Their buckets are as narrow as the axis allows, also where requests are so few that
// the rate's are wide: a failure is to be seen when it happened. What exceeds the plot is cut off.
func (c *canvas) errors(class record.Class, top, bottom px, at func(float64) px) {
	fine := newSeries(c.Requests, class, c.x.span, c.zero, bucketWidth(c.x.span, 0, c.parts))
	for _, b := range fine.buckets {
		part, ok := c.x.cut(b.span)
		if !ok || b.failed == 0 {
			continue
		}
		from, to := c.x.at(part.from), c.x.at(part.to)
		y := max(min(at(b.perSecond(b.failed)), bottom-4), top)
		c.add(shape{Kind: "rect", Class: "errors", X: from, Y: y, W: max(to-from-0.5, 1.5), H: bottom - y})
	}
}

// latency draws median, 99th percentile and worst of what was answered, on a logarithmic scale.
func (c *canvas) latency(s series) {
	top, bottom := c.y+18+plotHeight, c.y+18+2*plotHeight
	c.text("remark", 0, top+12, "start", "latency: p50, p99 and worst")
	low, high := s.latencies()
	c.line("base", c.x.left, bottom, c.x.right, bottom)
	if high <= 0 {
		c.text("remark", c.x.left+4, bottom-6, "start", "nothing was answered")
		return
	}
	y := newLogScale(low, high, top, bottom)
	decades := y.decades()
	for i, d := range decades {
		c.line("grid", c.x.left, y.at(d), c.x.right, y.at(d))
		if i == 0 || i == len(decades)-1 {
			c.text("scale", c.x.left-4, y.at(d)+4, "end", whole(d))
		}
	}
	for _, curve := range []struct {
		class string
		of    func(bucket) time.Duration
	}{
		{"worst", func(b bucket) time.Duration { return b.worst }},
		{"p99", func(b bucket) time.Duration { return b.p99 }},
		{"p50", func(b bucket) time.Duration { return b.p50 }},
	} {
		c.add(shape{Kind: "path", Class: "latency " + curve.class, D: c.steps(s, func(b bucket) px { return y.at(curve.of(b)) })})
	}
}

// steps joins the buckets' values; a bucket without an answer leaves a gap.
func (c *canvas) steps(s series, at func(bucket) px) string {
	var d strings.Builder
	pen := "M"
	for _, b := range s.buckets {
		part, ok := c.x.cut(b.span)
		if !ok || b.answered == 0 {
			pen = "M"
			continue
		}
		d.WriteString(path(pen, c.x.at(part.from), at(b), "L", c.x.at(part.to), at(b)))
		pen = "L"
	}
	return d.String()
}

// readings lets the pointer read each bucket's figures.
func (c *canvas) readings(s series) {
	for _, b := range s.buckets {
		part, ok := c.x.cut(b.span)
		if !ok || (b.sent == 0 && b.failed == 0) {
			continue
		}
		text := fmt.Sprintf("%s to %s: %s/s, %s failed", tickLabel(b.from-c.zero, time.Millisecond),
			tickLabel(b.to-c.zero, time.Millisecond), number(b.perSecond(b.sent)), count(b.failed))
		if b.answered > 0 {
			text += fmt.Sprintf(", p50 %s, p99 %s, worst %s", duration(b.p50), duration(b.p99), duration(b.worst))
		}
		from, to := c.x.at(part.from), c.x.at(part.to)
		c.add(shape{Kind: "rect", Class: "reading", X: from, Y: c.y + 8, W: max(to-from, 0.5), H: 2*plotHeight + 12, Title: text})
	}
}
