package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Format{Name: "text", File: "findings.txt", Write: func(w io.Writer, run *record.Run) error {
	return Text(w, run, 100, false)
}})

// Text writes the findings as a table for a terminal of the given width, in columns; the verdict and what to change come
// last, where a reader of a terminal looks first. Whether to use colour is the caller's to decide.
func Text(w io.Writer, run *record.Run, width int, colour bool) error {
	f := newFacts(run)
	t := &table{width: max(width, 60), colour: colour}
	if n := len(f.Model); n > 0 {
		t.wrap("", fmt.Sprintf("%s The report lists %s that it leaves out.", modelWords, plural(n, "thing")))
		t.out.WriteString("\n")
	}
	t.findings(f.findingRows())
	t.verdict(f.headline())
	_, err := io.WriteString(w, t.out.String())
	return err
}

// table is text in columns.
type table struct {
	out    strings.Builder
	width  int
	colour bool
}

// verdictColumn holds a symbol and the longest word with a gap.
const verdictColumn = 11

func (t *table) findings(rows []findingRow) {
	cells := make([][]string, 0, len(rows)+1)
	cells = append(cells, []string{"CHECK", "OF", "MEASURED", "REQUIRED"})
	for _, r := range rows {
		cells = append(cells, []string{r.Check, r.Subject, r.Measured, r.Required})
	}
	widths := t.widths(cells)
	for i, line := range cells {
		head := pad("VERDICT", verdictColumn)
		if i > 0 {
			head = t.paint(rows[i-1].Verdict, pad(symbol(rows[i-1].Verdict)+" "+rows[i-1].Word, verdictColumn))
		}
		text := head
		for c, cell := range line {
			text += pad(middle(cell, widths[c]), widths[c]+2)
		}
		t.out.WriteString(strings.TrimRight(text, " ") + "\n")
		if i > 0 && rows[i-1].Verdict != record.Pass {
			t.explain(rows[i-1])
		}
	}
}

// explain says under a line that is not a pass what was seen.
func (t *table) explain(r findingRow) {
	text := r.Message
	if r.Code != "" {
		text = r.Code + ": " + text
	}
	t.wrap(strings.Repeat(" ", verdictColumn), text)
}

// widths gives each column what it needs, and takes from the widest until all fit.
func (t *table) widths(cells [][]string) []int {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for c, cell := range line {
			widths[c] = max(widths[c], len([]rune(cell)))
		}
	}
	for {
		sum, widest := verdictColumn, 0
		for c, w := range widths {
			sum += w + 2
			if w > widths[widest] {
				widest = c
			}
		}
		if sum-2 <= t.width || widths[widest] <= 8 {
			return widths
		}
		widths[widest]--
	}
}

func (t *table) verdict(h headline) {
	t.out.WriteString("\n")
	t.out.WriteString(t.paint(h.Verdict, symbol(h.Verdict)+" "+word(h.Verdict)) + "\n")
	t.wrap("", h.Text)
	if h.Why != "" && h.Verdict == record.Fail {
		why := h.Why
		if h.Title != "" {
			why = h.Code + ", " + h.Title + ". " + why
		}
		t.wrap("", "Why: "+why)
	}
	if h.Change != "" {
		t.wrap("", "Change: "+h.Change)
	}
	if h.Expect != "" {
		t.wrap("", "Negative control: "+h.Expect)
	}
}

// wrap breaks text at spaces; a word that is longer than a line is cut.
func (t *table) wrap(indent, text string) {
	room := t.width - len(indent)
	line := ""
	flush := func() {
		if line != "" {
			t.out.WriteString(indent + line + "\n")
		}
		line = ""
	}
	for _, word := range strings.Fields(text) {
		r := []rune(word)
		for len(r) > room {
			flush()
			t.out.WriteString(indent + string(r[:room]) + "\n")
			r = r[room:]
		}
		if n := len([]rune(line)); n > 0 && n+1+len(r) > room {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += string(r)
	}
	flush()
}

// paint colours text by its verdict with the terminal's own colours (ECMA-48 SGR).
func (t *table) paint(v record.Verdict, s string) string {
	if !t.colour {
		return s
	}
	code := "33"
	switch v {
	case record.Pass:
		code = "32"
	case record.Fail:
		code = "31"
	case record.Skipped:
		code = "2"
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-len([]rune(s)), 0))
}
