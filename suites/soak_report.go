package suites

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// SoakFile is the soak's report in the folder of the runs.
const SoakFile = "soak.md"

// distribution of one item's runs.
type distribution struct {
	Item
	samples  []Sample
	verdicts map[record.Verdict]int // of a run without a record: ""
}

// distributions are in the order of the items; one that never ran has no samples.
func (s Soaked) distributions() []distribution {
	out := make([]distribution, 0, len(s.Items))
	for _, item := range s.Items {
		d := distribution{Item: item, verdicts: map[record.Verdict]int{}}
		for _, sample := range s.Samples {
			if sample.Item == item {
				d.samples = append(d.samples, sample)
				d.verdicts[sample.Verdict]++
			}
		}
		out = append(out, d)
	}
	return out
}

// soakHead are the columns of the table. Figures are the smallest, the median and the largest of the runs.
var soakHead = []string{"application", "scenario", "runs", "pass", "fail", "unknown", "other", "as it must", "diagnoses", "failed requests", "removal latency", "time"}

func (d distribution) cells() []string {
	met, other := 0, len(d.samples)
	for _, s := range d.samples {
		if s.Unmet == "" {
			met++
		}
	}
	cells := []string{d.App, d.Scenario, fmt.Sprint(len(d.samples))}
	for _, v := range []record.Verdict{record.Pass, record.Fail, record.Unknown} {
		cells = append(cells, fmt.Sprint(d.verdicts[v]))
		other -= d.verdicts[v]
	}
	var failed []int
	var removal, took []time.Duration
	for _, s := range d.samples {
		failed, took = append(failed, s.Failed), append(took, s.Took.Round(time.Second/10))
		if s.Measured {
			removal = append(removal, s.Removal.Round(time.Millisecond))
		}
	}
	return append(cells, fmt.Sprint(other), fmt.Sprintf("%d of %d", met, len(d.samples)), d.diagnoses(), spread(failed), spread(removal), spread(took))
}

// diagnoses with how many runs had each, in the order of their codes.
func (d distribution) diagnoses() string {
	count := map[string]int{}
	for _, s := range d.samples {
		if s.Diagnosis != "" {
			count[s.Diagnosis]++
		}
	}
	var out []string
	for code, n := range count {
		out = append(out, fmt.Sprintf("%s × %d", code, n))
	}
	slices.Sort(out)
	return cmp.Or(strings.Join(out, ", "), "–")
}

// spread is the smallest, the median and the largest; of an even number the lower one of the two in the middle, so that
// each figure is one that was measured.
func spread[T cmp.Ordered](all []T) string {
	if len(all) == 0 {
		return "–"
	}
	all = slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%v / %v / %v", all[0], all[(len(all)-1)/2], all[len(all)-1])
}

// changing says of each item whose runs did not all end alike which ended how.
func (s Soaked) changing() []string {
	var out []string
	for _, d := range s.distributions() {
		ended := map[Outcome][]string{}
		var order []Outcome
		for _, sample := range d.samples {
			if ended[sample.Outcome] == nil {
				order = append(order, sample.Outcome)
			}
			ended[sample.Outcome] = append(ended[sample.Outcome], cmp.Or(sample.Dir, "no folder"))
		}
		if len(order) < 2 {
			continue
		}
		slices.SortStableFunc(order, func(a, b Outcome) int { return len(ended[b]) - len(ended[a]) })
		text := d.String() + ":"
		for i, o := range order {
			if i > 0 {
				text += ";"
			}
			text += fmt.Sprintf(" %s in %s", o, strings.Join(ended[o], ", "))
		}
		out = append(out, text)
	}
	return out
}

// never are the items that the time was too short for.
func (s Soaked) never() []string {
	var out []string
	for _, d := range s.distributions() {
		if len(d.samples) == 0 {
			out = append(out, d.String())
		}
	}
	return out
}

// Headline is the outcome in one line.
func (s Soaked) Headline() string {
	met := len(s.Samples)
	for _, sample := range s.Samples {
		if sample.Unmet != "" {
			met--
		}
	}
	text := fmt.Sprintf("%d of %d runs as they must be, in %s, seed %d", met, len(s.Samples), s.Took.Round(time.Second), s.Seed)
	if s.Ended != "" {
		text += "; ended early: " + s.Ended
	}
	return text
}

// notes are what stands below the table.
func (s Soaked) notes() []section {
	return []section{
		{"The verdict changes between runs of the same", s.changing()},
		{"Not as it must be", s.Unmet()},
		{"Never begun", s.never()},
	}
}

type section struct {
	title string
	lines []string
}

// Text writes the distribution as columns for a terminal.
func (s Soaked) Text(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ToUpper(strings.Join(soakHead, "\t")))
	for _, d := range s.distributions() {
		fmt.Fprintln(table, strings.Join(d.cells(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, n := range s.notes() {
		if len(n.lines) > 0 {
			fmt.Fprintf(w, "\n%s:\n  %s\n", n.title, strings.Join(n.lines, "\n  "))
		}
	}
	return nil
}

// Markdown writes all of it, the runs in their order included.
func (s Soaked) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Soak: %s\n\nFigures are the smallest, the median and the largest. Every run's record is kept.\n\n", s.Headline())
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(soakHead)
	b.WriteString(strings.Repeat("| --- ", len(soakHead)) + "|\n")
	for _, d := range s.distributions() {
		row(d.cells())
	}
	for _, n := range s.notes() {
		if len(n.lines) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n", n.title)
			for _, line := range n.lines {
				fmt.Fprintf(&b, "- %s\n", oneLine(line))
			}
		}
	}
	b.WriteString("\n## The runs in their order\n\n| | application | scenario | outcome | failed requests | time | folder |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for i, sample := range s.Samples {
		row([]string{fmt.Sprint(i + 1), sample.App, sample.Scenario, sample.Outcome.String(),
			fmt.Sprintf("%d of %d", sample.Failed, sample.Sent), sample.Took.Round(time.Second / 10).String(), sample.Dir})
	}
	return b.String()
}

// oneLine keeps an error of several lines from ending its place in a list.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Write leaves the report in the folder of the runs.
func (s Soaked) Write(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the folder for %s: %w", SoakFile, err)
	}
	return record.WriteFile(filepath.Join(out, SoakFile), []byte(s.Markdown()))
}
