package reports

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Lap is time that a suite spent outside of its runs.
type Lap struct {
	Name string // "bringing the cluster up"
	Took time.Duration
}

// shareColumns are what the time of a run is shown as. What is left of Entry.Took is the time of judging and of writing
// the reports, which a record cannot hold: it is saved before.
var shareColumns = []struct {
	Name  string
	Parts []record.Part
}{
	{"deploying", []record.Part{record.Deploying, record.Waiting}},
	{"control", []record.Part{record.Controlling}},
	{"aiming", []record.Part{record.Aiming, record.Looking}},
	{"disruption", []record.Part{record.Disrupting}},
	{"settling", []record.Part{record.Settling}},
	{"in flight", []record.Part{record.Finishing}},
	{"records", []record.Part{record.Collecting, record.Saving}},
	{"removal", []record.Part{record.Undoing, record.Removing}},
	{"judging", nil},
}

// sharesExplained is said under the table.
const sharesExplained = "All in seconds. Disruption and settling together are the disruption windows: from the fault until the service is whole again, " +
	"and then until the listeners have ended and the removal budget is over. Aiming is what a round takes outside of its window; " +
	"in flight is the wait for requests that were not answered yet when traffic stopped."

// shares is where the time of a suite went, as a table: a line for each run and each lap, then the sums.
type shares struct {
	Head []string
	Rows [][]string // the first cell is a name; "" where a line has nothing to say
	Note string
}

// newShares is nil when no entry and no lap says how long it took.
func newShares(entries []Entry, laps []Lap) *shares {
	s := &shares{Head: []string{""}, Note: sharesExplained}
	for _, c := range shareColumns {
		s.Head = append(s.Head, c.Name)
	}
	s.Head = append(s.Head, "all")
	sums, all := make([]time.Duration, len(shareColumns)), time.Duration(0)
	for _, e := range entries {
		if e.Took == 0 {
			continue
		}
		times := shareTimes(e)
		row := []string{clean(e.Run.Scenario + " · " + e.Run.App)}
		for i, t := range times {
			sums[i] += t
			row = append(row, tenths(t))
		}
		all += e.Took - e.Ahead
		s.Rows = append(s.Rows, append(row, tenths(e.Took-e.Ahead)))
	}
	for _, l := range laps {
		row := make([]string, len(s.Head))
		row[0], row[len(row)-1] = clean(l.Name), tenths(l.Took)
		all += l.Took
		s.Rows = append(s.Rows, row)
	}
	if all <= 0 {
		return nil
	}
	total, share := []string{"all"}, []string{"share"}
	for _, t := range append(sums, all) {
		total, share = append(total, tenths(t)), append(share, fixed(100*t.Seconds()/all.Seconds(), 0)+" %")
	}
	s.Rows = append(s.Rows, total, share)
	return s
}

// shareTimes are the times of a run by the columns, with what is left in the last one. What went on beside the run before
// is left out, so that the times of all runs add up to what the suite took.
func shareTimes(e Entry) []time.Duration {
	var alone record.Run
	for _, s := range e.Run.Spans {
		s.Began = max(s.Began, e.Ahead)
		if s.Ended > s.Began {
			alone.Spans = append(alone.Spans, s)
		}
	}
	spent, left := alone.Spent(), e.Took-e.Ahead
	times := make([]time.Duration, len(shareColumns))
	for i, c := range shareColumns {
		for _, p := range c.Parts {
			times[i] += spent[p]
			left -= spent[p]
		}
	}
	times[len(times)-1] = max(left, 0)
	return times
}

func tenths(d time.Duration) string { return fixed(d.Seconds(), 1) }

// Shares writes where the time of a suite went as columns for a terminal; nothing when nobody knows.
func Shares(w io.Writer, entries []Entry, laps []Lap) error {
	s := newShares(entries, laps)
	if s == nil {
		return nil
	}
	_, err := io.WriteString(w, s.columns())
	return err
}

func (s *shares) columns() string {
	lines := append([][]string{s.Head}, s.Rows...)
	widths := make([]int, len(s.Head))
	for _, line := range lines {
		for c, cell := range line {
			widths[c] = max(widths[c], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		text := pad(line[0], widths[0])
		for c, cell := range line[1:] {
			text += strings.Repeat(" ", 2+widths[c+1]-len([]rune(cell))) + cell
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

func (s *shares) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Where the time went\n\n| %s |\n| --- |%s\n", strings.Join(s.Head, " | "), strings.Repeat(" ---: |", len(s.Head)-1))
	for _, row := range s.Rows {
		fmt.Fprintf(b, "| %s | %s |\n", inline(row[0]), strings.Join(row[1:], " | "))
	}
	fmt.Fprintf(b, "\n%s\n", s.Note)
}
