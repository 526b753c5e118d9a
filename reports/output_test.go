package reports

import (
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

// localRun is a run on a platform that stands in for a cluster.
func localRun(rates demoRates) *record.Run {
	run := gracefulRun(rates)
	run.Platform = "local"
	run.Model = []string{"nodes: all pods are on this machine", "of the manifest: the volume <data>"}
	run.Outputs = []record.PodOutput{
		{Pod: "graceful-dkvfm", Text: "listening on :8080\n<script>alert(1)</script>\x1b[31m\n", Dropped: 12},
		{Pod: "graceful-gt47m"},
	}
	return run
}

func TestAReportSaysBeforeAnythingElseThatTheClusterWasAModel(t *testing.T) {
	run := localRun(goldenRates)
	for _, f := range []struct {
		name, before string
		text         string
	}{
		{"html", "<h1>", string(render(t, HTML, run))},
		{"markdown", "Verdict", string(render(t, Markdown, run))},
		{"text", "VERDICT", string(render(t, All()[index(t, "text")].Write, run))},
	} {
		model, after := strings.Index(f.text, modelWords), strings.Index(f.text, f.before)
		if model < 0 || after < 0 || model > after {
			t.Errorf("%s: the model is named at %d, %q stands at %d", f.name, model, f.before, after)
		}
		if f.name != "text" && !strings.Contains(f.text, "all pods are on this machine") {
			t.Errorf("%s does not list what is not modelled", f.name)
		}
	}
	if cluster := string(render(t, HTML, gracefulRun(goldenRates))); strings.Contains(cluster, modelWords) {
		t.Error("a run on a cluster is called a model")
	}
}

func index(t *testing.T, name string) int {
	t.Helper()
	for i, f := range All() {
		if f.Name == name {
			return i
		}
	}
	t.Fatalf("there is no format %s", name)
	return -1
}

func TestWhatAPodWroteIsShownAsTextAndBounded(t *testing.T) {
	page := string(render(t, HTML, localRun(goldenRates)))
	if strings.Contains(page, "<script>") || strings.Contains(page, "\x1b") {
		t.Error("a pod's output acts on the page")
	}
	if !strings.Contains(page, "listening on :8080\n&lt;script&gt;") {
		t.Error("the output is missing, or its lines are")
	}
	var many record.Run
	for range 200 {
		many.Outputs = append(many.Outputs, record.PodOutput{Pod: "p", Text: strings.Repeat("é\n", 200<<10)})
	}
	size := 0
	for _, o := range outputs(&many) {
		size += len(o.Text)
		if strings.Contains(o.Text, "�") || o.Cut == "" {
			t.Fatal("cut within a character, or without saying so")
		}
	}
	if size > maxOutputs {
		t.Errorf("%d bytes of output are shown", size)
	}
}
