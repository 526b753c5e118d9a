package reports

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

//go:embed templates
var files embed.FS

// pages are the HTML templates. The style sheet is the only thing that is put in unescaped: it is ours, never the
// record's.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"count": count[int], "lower": strings.ToLower, "symbol": symbol, "word": word, "outline": outline,
	"style": style, "keep": keep,
}).ParseFS(files, "templates/*.html.tmpl"))

// style is the style sheet of all pages.
func style() (template.CSS, error) {
	css, err := files.ReadFile("templates/style.css")
	return template.CSS(css), err //nolint:gosec // embedded, nothing of the record is in it
}

var _ = register(Format{Name: "html", File: "report.html", Write: HTML})

// page is what the template of a run's report shows.
type page struct {
	*facts
	Headline     headline
	Subtitle     string
	Tiles        []tile
	FindingRows  []findingRow
	Overall      chart
	Zooms        []chart
	ZoomsLeft    int
	Kinds        []errorKind // that occur
	Hops         hops
	APIServer    apiServer
	Causes       []cause
	FailureRows  []failureRow
	FailuresLeft int
	Grids        []grid
	JudgedBy     []fact
	Workload     []fact
	Surroundings []fact
	Outputs      []output
	Observed     observed
}

// HTML writes the report as one page that needs nothing else: no network, no script.
func HTML(w io.Writer, run *record.Run) error {
	f := newFacts(run)
	p := page{
		facts: f, Headline: f.headline(), Subtitle: f.subtitle(), Tiles: f.tiles(), FindingRows: f.findingRows(),
		Overall: f.overall(), Hops: f.hops(), APIServer: f.apiServer(), Causes: f.causes(), Grids: f.measured(), JudgedBy: f.judgedBy(),
		Workload: f.workload(), Surroundings: f.surroundings(), Kinds: f.kinds(), Outputs: outputs(run), Observed: f.observed(),
	}
	p.Zooms, p.ZoomsLeft = f.zooms()
	p.Zooms = append(p.Zooms, f.restartZooms()...)
	p.FailureRows, p.FailuresLeft = f.failureRows()
	if err := pages.ExecuteTemplate(w, "report", p); err != nil {
		return fmt.Errorf("rendering the page of run %s: %w", run.ID, err)
	}
	return nil
}

// subtitle identifies the run in one line.
func (f *facts) subtitle() string {
	parts := []string{f.Scenario, "app " + f.App}
	if v := f.Versions["kubernetes"]; v != "" {
		parts = append(parts, "Kubernetes "+v)
	}
	parts = append(parts, f.Began.UTC().Format("2006-01-02 15:04:05")+" UTC", duration(f.Ended))
	return strings.Join(parts, " · ")
}

// kinds are the kinds of errors that occurred, for the legend.
func (f *facts) kinds() []errorKind {
	seen := make(map[string]bool)
	for _, v := range f.failed {
		if v.Sent {
			seen[kindClass(v.ErrKind)] = true
		}
	}
	var out []errorKind
	for _, k := range errorKinds {
		if seen[string(k.Kind)] {
			out = append(out, k)
		}
	}
	return out
}

var numberAndUnit = regexp.MustCompile(`(\d) (s|ms|%|min|requests)\b|(\d) (%)`)

// keep puts no-break spaces between numbers and units, so that no line ends between them.
func keep(s string) string { return numberAndUnit.ReplaceAllString(s, "$1$3\u00a0$2$4") }
