package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// maxGlyphs bounds the failed requests of one row that are drawn one by one with their description; more are drawn as
// one outline each kind, without descriptions.
const maxGlyphs = 400

// maxOutlines bounds those that are drawn at all. Beyond it, what falls onto the same place is drawn once.
const maxOutlines = 4000

// failures draws one mark for each failed request, a row for each class that has any.
func (c *canvas) failures() {
	byClass := make(map[record.Class][]failed)
	for _, v := range c.failed {
		if v.Sent && c.x.holds(v.At) {
			byClass[v.Class] = append(byClass[v.Class], v)
		}
	}
	if len(byClass) == 0 {
		c.name(c.y+10, "Failed requests", "", "")
		c.text("remark", c.x.left+4, c.y+10, "start", "none")
		c.y += 24
		return
	}
	for _, class := range c.classes() {
		list := byClass[class]
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b failed) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq)) })
		c.name(c.y+10, plural(len(list), "failed request"), className(class), string(class))
		c.glyphs(list)
		c.y += 34
	}
}

const (
	glyphSize  px  = 7
	glyphStack int = 3 // marks above each other where they would cover each other
)

// glyphs draws the failures of one row, stacked where they fall onto the same place.
func (c *canvas) glyphs(list []failed) {
	outlines := make(map[record.ErrKind]*strings.Builder)
	var kinds []record.ErrKind
	seen := make(map[string]bool)
	column, height := px(-100), 0
	for _, v := range list {
		x := c.x.at(v.At)
		if x-column < glyphSize {
			height++
		} else {
			column, height = x, 0
		}
		d := outline(v.ErrKind, x, c.y+22-px(height%glyphStack)*(glyphSize+1.5))
		if len(list) <= maxGlyphs {
			c.add(shape{Kind: "path", Class: "failure k-" + kindClass(v.ErrKind), D: d, Title: c.describeFailure(v)})
			continue
		}
		if seen[d] || len(seen) > maxOutlines {
			continue
		}
		seen[d] = true
		if outlines[v.ErrKind] == nil {
			outlines[v.ErrKind] = new(strings.Builder)
			kinds = append(kinds, v.ErrKind)
		}
		_, _ = outlines[v.ErrKind].WriteString(d) // never fails
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		c.add(shape{Kind: "path", Class: "failure k-" + kindClass(k), D: outlines[k].String(), Title: string(k)})
	}
}

// describeFailure is what hovering over a mark tells.
func (c *canvas) describeFailure(v failed) string {
	text := fmt.Sprintf("#%d %s", v.Seq, v.ErrKind)
	if zero, ok := c.since(v); ok {
		text += " " + offset(v.At-zero) + " after the delete"
	}
	if v.pod() != "" {
		text += ", pod " + v.pod()
	}
	text += ", from " + v.Node
	if v.Judged {
		text += ", " + v.Failure.Diagnosis
	}
	return middle(text, 300)
}

// kindClass names a kind of error for style sheets; only known kinds get through.
func kindClass(k record.ErrKind) string {
	if slices.ContainsFunc(errorKinds, func(e errorKind) bool { return e.Kind == k }) {
		return string(k)
	}
	return string(record.ErrOther)
}

// errorKind explains a kind of error in the legend.
type errorKind struct {
	Kind record.ErrKind
	Text string
}

var errorKinds = []errorKind{
	{record.ErrRefused, "refused"},
	{record.ErrReset, "reset"},
	{record.ErrEOF, "closed before the answer"},
	{record.ErrTruncated, "answer cut short"},
	{record.ErrChecksum, "wrong content"},
	{record.ErrTimeout, "timeout"},
	{record.ErrDial, "not reachable"},
	{record.ErrDNS, "name not found"},
	{record.ErrStatus, "wrong status"},
	{record.ErrGoAway, "refused by GOAWAY"},
	{record.ErrOther, "other"},
}

// outline is the mark's path around (x, y): each kind has its own shape, so that colour is not needed to tell them apart.
func outline(k record.ErrKind, x, y px) string {
	h := glyphSize / 2
	switch k {
	case record.ErrRefused: // ×
		return path("M", x-h, y-h, "L", x+h, y+h, "M", x-h, y+h, "L", x+h, y-h)
	case record.ErrReset: // ◆
		return path("M", x, y-h, "L", x+h, y, "L", x, y+h, "L", x-h, y, "Z")
	case record.ErrEOF: // ▼
		return path("M", x-h, y-h, "L", x+h, y-h, "L", x, y+h, "Z")
	case record.ErrTruncated: // ▬
		return path("M", x-h, y-h/2, "L", x+h, y-h/2, "L", x+h, y+h/2, "L", x-h, y+h/2, "Z")
	case record.ErrStatus: // ■
		return path("M", x-h, y-h, "L", x+h, y-h, "L", x+h, y+h, "L", x-h, y+h, "Z")
	case record.ErrTimeout: // hourglass
		return path("M", x-h, y-h, "L", x+h, y-h, "L", x-h, y+h, "L", x+h, y+h, "Z")
	case record.ErrChecksum: // ≠, as two bars
		return path("M", x-h, y-h/2, "L", x+h, y-h/2, "M", x-h, y+h/2, "L", x+h, y+h/2, "M", x-h, y+h, "L", x+h, y-h)
	case record.ErrDial: // +
		return path("M", x-h, y, "L", x+h, y, "M", x, y-h, "L", x, y+h)
	case record.ErrGoAway: // →
		return path("M", x-h, y, "L", x+h, y, "L", x, y-h, "M", x+h, y, "L", x, y+h)
	case record.ErrDNS: // ▲
		return path("M", x, y-h, "L", x+h, y+h, "L", x-h, y+h, "Z")
	default: // |
		return path("M", x, y-h, "L", x, y+h)
	}
}

// path writes commands and coordinates of an SVG path.
func path(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		if s, ok := p.(string); ok {
			b.WriteString(s)
			continue
		}
		fmt.Fprintf(&b, "%v ", p)
	}
	return b.String()
}
