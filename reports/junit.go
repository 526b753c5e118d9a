package reports

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Format{Name: "junit", File: "junit.xml", Write: JUnit})

// The elements of JUnit's XML, as CI systems read it: a suite for each run, a case for each finding.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Output     string          `xml:"system-out,omitempty"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Failure *junitTrace `xml:"failure"`
		Error   *junitTrace `xml:"error"`
		Skipped *junitTrace `xml:"skipped"`
	}
	junitTrace struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes one test case for each finding. A broken guarantee is a failure; what is unknown is an error, because it
// must not let anybody through.
func JUnit(w io.Writer, run *record.Run) error {
	f := newFacts(run)
	s := f.junit()
	f.undecided(&s)
	s.tally()
	return writeJUnit(w, run.Scenario, []junitSuite{s})
}

func writeJUnit(w io.Writer, name string, suites []junitSuite) error {
	all := junitSuites{Name: clean(name), Suites: suites}
	var total float64
	for _, s := range suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
		var t float64
		if _, err := fmt.Sscan(s.Time, &t); err == nil {
			total += t
		}
	}
	all.Time = fmt.Sprintf("%.3f", total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("writing JUnit's head: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("writing JUnit's suites: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junit makes the suite of one run, as it was judged.
func (f *facts) junit() junitSuite {
	s := junitSuite{
		Name: f.Scenario + " " + f.App, Time: fmt.Sprintf("%.3f", f.Ended.Seconds()),
		Timestamp: f.Began.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"verdict", string(f.Verdict)}, {"run", f.ID}, {"seed", fmt.Sprint(f.Seed)}, {"command", f.Command},
		},
	}
	for _, v := range f.findings {
		s.Cases = append(s.Cases, f.junitCase(v))
	}
	return s
}

func (f *facts) junitCase(v record.Finding) junitCase {
	c := junitCase{Class: f.Scenario + "." + f.App, Name: strings.TrimSpace(v.Check + " " + v.Subject)}
	trace := &junitTrace{Message: v.Message, Type: v.Diagnosis, Text: detail(v)}
	switch {
	case v.Verdict == record.Pass:
	case v.Verdict == record.Skipped:
		c.Skipped = &junitTrace{Message: v.Message}
	case v.Verdict == record.Fail && v.Waived:
		c.Skipped = &junitTrace{Message: "waived: " + v.Message}
	case v.Verdict == record.Fail:
		c.Failure = trace
	default:
		trace.Type = cmp.Or(v.Diagnosis, "unknown")
		c.Error = trace
	}
	return c
}

// detail is everything that a finding says, a line for each thing.
func detail(v record.Finding) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			b.WriteString("\n" + name + ": " + text)
		}
	}
	b.WriteString(v.Message)
	line("Guarantee", v.Guarantee)
	line("Measured", quantity(v.Measured))
	line("Required", quantity(v.Threshold))
	line("Diagnosis", diagnosis(v.Diagnosis))
	line("Change", v.Advice)
	return b.String()
}

// diagnosis writes a code with its title.
func diagnosis(code string) string {
	if d, ok := record.Explain(code); ok {
		return d.Code + ", " + d.Title
	}
	return code
}

// undecided adds a case for a run that no finding speaks for: a run that broke off must not look green.
func (f *facts) undecided(s *junitSuite) {
	if f.Verdict == record.Pass {
		return
	}
	for _, c := range s.Cases {
		if c.Failure != nil || c.Error != nil {
			return
		}
	}
	h := f.headline()
	s.Cases = append(s.Cases, junitCase{
		Class: f.Scenario + "." + f.App, Name: "verdict",
		Error: &junitTrace{Message: h.Text, Type: string(h.Verdict), Text: strings.Join(append([]string{h.Text}, h.Also...), "\n")},
	})
}

func (s *junitSuite) tally() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
