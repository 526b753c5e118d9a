package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Entry is a run of a suite.
type Entry struct {
	Run *record.Run
	Dir string // the run's folder
	// Unmet says why the run did not end as it must; "" when it did. A run without Expect must pass.
	Unmet string
	// Took is the time of the whole run, judging and its reports included; 0: not known.
	Took time.Duration
	// Ahead is how much of its beginning went by beside the run before, and counts for that one.
	Ahead time.Duration
}

// WriteSuite writes index.html, junit.xml and summary.md over all runs into dir. A negative control that fails as it must
// counts as a pass there, and is called a negative control. The laps are what took time besides the runs.
func WriteSuite(dir, name string, entries []Entry, laps ...Lap) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the suite's folder: %w", err)
	}
	s := newSuite(dir, name, entries)
	s.Shares = newShares(entries, laps)
	return errors.Join(
		writeFile(filepath.Join(dir, "index.html"), s.html),
		writeFile(filepath.Join(dir, "junit.xml"), s.junit),
		writeFile(filepath.Join(dir, "summary.md"), s.markdown),
	)
}

// suite is what the reports over several runs show.
type suite struct {
	Name    string
	Verdict record.Verdict
	Text    string
	Began   string
	Took    string // time of all runs together
	Rows    []suiteRow
	Shares  *shares // where the time went; nil when nobody knows
	facts   []*facts
	entries []Entry
}

type suiteRow struct {
	Scenario, App string
	Verdict       record.Verdict // the run's own
	Control       bool           // a negative control
	OK            bool           // it ended as it must
	Outcome       string         // in words
	Text          string         // the run's headline
	Codes         string
	Failed, Sent  int
	Took, Link    string
}

func newSuite(dir, name string, entries []Entry) *suite {
	s := &suite{Name: clean(name), entries: entries}
	var took time.Duration
	var began time.Time
	for _, e := range entries {
		f := newFacts(e.Run)
		s.facts = append(s.facts, f)
		s.Rows = append(s.Rows, f.suiteRow(dir, e))
		f.Requests = nil // hundreds of thousands for each run, and only their sums are needed from here on
		took += f.Ended
		if began.IsZero() || f.Began.Before(began) {
			began = f.Began
		}
	}
	s.Took = duration(took)
	if !began.IsZero() {
		s.Began = began.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	s.judge()
	return s
}

// judge folds the runs' outcomes. Unknown is not a pass, and a suite of nothing has shown nothing.
func (s *suite) judge() {
	var verdicts []record.Verdict
	var broken []string
	for i, r := range s.Rows {
		switch {
		case r.OK:
			verdicts = append(verdicts, record.Pass)
			continue
		case r.Verdict == record.Pass || r.Verdict == record.Fail:
			verdicts = append(verdicts, record.Fail)
		default:
			verdicts = append(verdicts, record.Unknown)
		}
		broken = append(broken, s.facts[i].Scenario+" with "+s.facts[i].App)
	}
	s.Verdict = record.Worst(verdicts...)
	switch {
	case len(s.Rows) == 0:
		s.Text = "Nothing was run, so nothing was decided."
	case len(broken) == 0:
		s.Text = "All " + plural(len(s.Rows), "run") + " ended as they must."
		if len(s.Rows) == 1 {
			s.Text = "The run ended as it must."
		}
	default:
		must := " did not end as they must: "
		if len(broken) == 1 {
			must = " did not end as it must: "
		}
		s.Text = count(len(broken)) + " of " + plural(len(s.Rows), "run") + must + list(broken, 3) + "."
	}
}

func (f *facts) suiteRow(dir string, e Entry) suiteRow {
	row := suiteRow{
		Scenario: f.Scenario, App: f.App, Verdict: f.Verdict, Control: f.Run.Expect != nil, OK: e.Unmet == "",
		Text: f.headline().Text, Codes: strings.Join(f.codes(), ", "), Failed: f.total.failed, Sent: f.total.sent,
		Took: duration(f.Ended), Link: reportLink(dir, e.Dir),
	}
	switch {
	case !row.OK:
		row.Outcome = clean(e.Unmet)
	case row.Control:
		row.Outcome = asItMust(f.Run)
	default:
		row.Outcome = "passes as it must"
	}
	return row
}

// codes are the diagnoses of what is broken, the most urgent first.
func (f *facts) codes() []string {
	var out []string
	for _, v := range f.findings {
		if v.Verdict == record.Fail && !v.Waived && v.Diagnosis != "" && !slices.Contains(out, v.Diagnosis) {
			out = append(out, v.Diagnosis)
		}
	}
	return out
}

// reportLink is the run's report as seen from the suite's folder, with slashes as in URLs.
func reportLink(from, dir string) string {
	if rel, err := filepath.Rel(from, dir); err == nil {
		dir = rel
	}
	return "./" + filepath.ToSlash(filepath.Join(dir, "report.html"))
}

func (s *suite) html(w io.Writer) error {
	if err := pages.ExecuteTemplate(w, "index", s); err != nil {
		return fmt.Errorf("rendering the page of suite %s: %w", s.Name, err)
	}
	return nil
}

// junit writes a suite for each run. The findings of a negative control would be red although all is well, so such a run
// has one case: whether it shows what it must.
func (s *suite) junit(w io.Writer) error {
	var suites []junitSuite
	for i, f := range s.facts {
		v := f.junit()
		row := s.Rows[i]
		if row.Control || !row.OK {
			outcome := junitCase{Class: f.Scenario + "." + f.App, Name: "ends as it must"}
			trace := &junitTrace{Message: row.Outcome, Type: cmp.Or(row.Codes, string(row.Verdict)), Text: row.Text}
			switch {
			case row.OK:
				v.Output = row.Outcome + ": " + row.Text
			case row.Verdict == record.Pass || row.Verdict == record.Fail:
				outcome.Failure = trace
			default:
				outcome.Error = trace
			}
			if row.Control {
				v.Cases = nil
			}
			v.Cases = append([]junitCase{outcome}, v.Cases...)
		}
		v.tally()
		suites = append(suites, v)
	}
	return writeJUnit(w, s.Name, suites)
}

func (s *suite) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s: %s\n\n**%s**\n\n", sign(s.Verdict), word(s.Verdict), inline(s.Name), inline(s.Text))
	b.WriteString("| | Scenario | Application | Outcome | Failed requests | Time |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range s.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s of %s | %s |\n", r.sign(), inline(r.Scenario), inline(r.App), inline(r.Outcome),
			count(r.Failed), count(r.Sent), r.Took)
	}
	fmt.Fprintf(&b, "\nAll runs together took %s.\n", s.Took)
	if s.Shares != nil {
		s.Shares.markdown(&b)
	}
	for i, f := range s.facts {
		if !s.Rows[i].OK {
			b.WriteString("\n")
			f.markdown(&b, "##")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// State is the outcome as a verdict: whether the run ended as it must.
func (r suiteRow) State() record.Verdict {
	switch {
	case r.OK:
		return record.Pass
	case r.Verdict == record.Pass || r.Verdict == record.Fail:
		return record.Fail
	default:
		return record.Unknown
	}
}

func (r suiteRow) sign() string { return sign(r.State()) }
