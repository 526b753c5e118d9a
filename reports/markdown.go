package reports

import (
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Format{Name: "markdown", File: "summary.md", Write: Markdown})

// Markdown writes a summary for places that render GitHub's Markdown, such as a job's summary.
func Markdown(w io.Writer, run *record.Run) error {
	f := newFacts(run)
	var b strings.Builder
	f.markdown(&b, "##")
	_, err := io.WriteString(w, b.String())
	return err
}

// maxSummary bounds the failed requests in a summary; GitHub refuses summaries over 1 MiB.
const maxSummary = 10

func (f *facts) markdown(b *strings.Builder, heading string) {
	h := f.headline()
	fmt.Fprintf(b, "%s %s %s: %s\n\n%s\n\n", heading, sign(h.Verdict), word(h.Verdict), inline(f.subtitle()), "**"+inline(h.Text)+"**")
	if len(f.Model) > 0 {
		fmt.Fprintf(b, "%s What is not modelled:\n\n", modelWords)
		for _, text := range f.Model {
			fmt.Fprintf(b, "- %s\n", inline(text))
		}
		b.WriteString("\n")
	}
	for _, v := range []fact{{"Why", h.Why}, {"Seen", strings.Join(h.Also, " ")}, {"Change", h.Change}, {"Negative control", h.Expect}} {
		if v.Text != "" {
			fmt.Fprintf(b, "- **%s:** %s\n", v.Name, inline(v.Text))
		}
	}
	b.WriteString("\n")
	f.markdownFindings(b)
	f.markdownFailures(b)
	fmt.Fprintf(b, "Repeat it: <code>%s</code>\n", inlineHTML(f.Command))
}

func (f *facts) markdownFindings(b *strings.Builder) {
	if len(f.findings) == 0 {
		b.WriteString("No check has judged this run.\n\n")
		return
	}
	b.WriteString("| Verdict | Check | Measured | Required | What was seen |\n| --- | --- | --- | --- | --- |\n")
	for _, v := range f.findingRows() {
		check := inline(v.Check)
		if v.Subject != "" {
			check += "<br>" + inline(v.Subject)
		}
		seen := inline(v.Message)
		if v.Code != "" {
			seen = "**" + inline(v.Code) + "** " + seen
		}
		fmt.Fprintf(b, "| %s %s | %s | %s | %s | %s |\n", sign(v.Verdict), v.Word, check, inline(v.Measured), inline(v.Required), seen)
	}
	b.WriteString("\n")
}

func (f *facts) markdownFailures(b *strings.Builder) {
	rows, left := f.failureRows()
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "%s failed:\n\n| Request | Since the delete | Class | From → to | Phase | Error | Diagnosis |\n| --- | --- | --- | --- | --- | --- | --- |\n",
		plural(len(rows)+left, "request"))
	for _, v := range rows[:min(len(rows), maxSummary)] {
		to := v.To
		if v.Candidates {
			to = "one of " + to
		}
		fmt.Fprintf(b, "| #%d %s | %s | %s | %s → %s | %s | %s | %s |\n", v.Seq, inline(v.Request), inline(v.Since), inline(v.Class),
			inline(v.From), inline(to), inline(v.Phase), inline(v.Kind), inline(v.Code))
	}
	if rest := len(rows) + left - maxSummary; rest > 0 {
		fmt.Fprintf(b, "\n%s more: see report.html and requests.parquet.\n", count(rest))
	}
	b.WriteString("\n")
}

// sign is a verdict's picture where only pictures have colour.
func sign(v record.Verdict) string {
	switch v {
	case record.Pass:
		return "✅"
	case record.Fail:
		return "❌"
	case record.Skipped:
		return "⏭️"
	default:
		return "❓"
	}
}

// markdownMarks are the characters that mean something to Markdown (CommonMark and GitHub's tables and mentions).
const markdownMarks = "\\`*_{}[]()#+!|~$"

// inline escapes text for one line of Markdown. Entities are used for what a backslash does not disarm: markup, and the
// characters that make mentions and links of bare words.
func inline(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\n", " ") {
		switch {
		case strings.ContainsRune(markdownMarks, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@':
			b.WriteString("&commat;")
		default:
			b.WriteString(html.EscapeString(string(r)))
		}
	}
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;").Replace(b.String())
}

// inlineHTML escapes text that stands in an element within Markdown.
func inlineHTML(s string) string {
	return strings.NewReplacer("@", "&commat;", "\n", " ").Replace(html.EscapeString(s))
}
