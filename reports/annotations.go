package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Format{Name: "annotations", File: "annotations.txt", Write: Annotations})

// maxAnnotations is how many annotations of one kind GitHub shows for a step.
const maxAnnotations = 10

// Annotations writes workflow commands that make GitHub Actions annotate the job: an error for each broken guarantee, a
// warning for what is unknown or waived, a notice when all is well.
func Annotations(w io.Writer, run *record.Run) error {
	f := newFacts(run)
	name := f.Scenario + ", " + f.App
	h := f.headline()
	level := map[record.Verdict]string{record.Pass: "notice", record.Fail: "error"}[h.Verdict]
	if level == "" {
		level = "error"
	}
	out := []string{command(level, word(h.Verdict)+" · "+name, strings.TrimSpace(h.Text+"\n"+h.Change))}
	errors := 1
	for _, v := range f.findings {
		level := "warning"
		switch {
		case v.Verdict == record.Pass, v.Verdict == record.Skipped:
			continue
		case v.Verdict == record.Fail && !v.Waived:
			level = "error"
			if errors++; errors > maxAnnotations {
				continue
			}
		}
		title := name + " · " + strings.TrimSpace(v.Check+" "+v.Subject)
		text := v.Message
		if d := diagnosis(v.Diagnosis); d != "" {
			text += "\n" + d
		}
		if v.Advice != "" {
			text += "\n" + v.Advice
		}
		out = append(out, command(level, title, text))
	}
	_, err := io.WriteString(w, strings.Join(out, ""))
	return err
}

var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// command writes one workflow command. Data and properties are escaped as the runner unescapes them.
func command(level, title, text string) string {
	return fmt.Sprintf("::%s title=%s::%s\n", level, escapeProperty.Replace(title), escapeData.Replace(text))
}
