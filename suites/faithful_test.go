package suites

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// said is the result of a run with that verdict and cause.
func said(app string, verdict record.Verdict, code string) Result {
	run := &record.Run{Scenario: "pod-delete", App: app, Verdict: verdict}
	if code != "" {
		run.Findings = []record.Finding{{Check: "serves-until-removed", Verdict: record.Fail, Diagnosis: code}}
	}
	return Result{Run: run}
}

func TestPlatformsThatSayTheSameAgree(t *testing.T) {
	both := []Result{said("graceful", record.Pass, ""), said("closes-at-once", record.Fail, "F2")}
	table := compare(both, both, nil)
	if why := table.Unexplained(); why != "" || len(table) != 2 || strings.Count(table.Markdown(), "| agree |") != 2 {
		t.Errorf("%q\n%s", why, table.Markdown())
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := table.Write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, FaithfulnessFile))
	if err != nil || !strings.Contains(string(text), "| closes-at-once | pod-delete | fail F2 | fail F2 | agree |") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestADisagreementOfPlatformsIsFound(t *testing.T) {
	cases := map[string][2][]Result{
		"another verdict": {{said("graceful", record.Fail, "F3")}, {said("graceful", record.Pass, "")}},
		"another cause":   {{said("a", record.Fail, "F1")}, {said("a", record.Fail, "F2")}},
		"one undecided":   {{said("a", record.Pass, "")}, {said("a", record.Unknown, "")}},
		"both skipped":    {{said("a", record.Skipped, "")}, {said("a", record.Skipped, "")}},
		"not run locally": {{said("a", record.Pass, "")}, nil},
		"not run there":   {nil, {said("a", record.Pass, "")}},
		"both change":     {{said("a", record.Pass, ""), said("a", record.Fail, "F2")}, {said("a", record.Pass, ""), said("a", record.Fail, "F2")}},
		"nothing at all":  {nil, {{Err: os.ErrNotExist}}},
	}
	for what, c := range cases {
		table := compare(c[0], c[1], nil)
		if table.Unexplained() == "" {
			t.Errorf("%s: no disagreement is found", what)
		}
		if len(table) > 0 && !strings.Contains(table.Markdown(), "DISAGREE") {
			t.Errorf("%s: not shown:\n%s", what, table.Markdown())
		}
	}
}

func TestRunsOfTheSameThatEndAlikeAreOne(t *testing.T) {
	both := []Result{said("a", record.Fail, "F2"), said("a", record.Fail, "F2")}
	if table := compare(both, both[:1], nil); table.Unexplained() != "" || len(table) != 1 {
		t.Errorf("%+v", table)
	}
	changing := slices.Concat(both, []Result{said("a", record.Pass, ""), said("a", record.Fail, "F2"), said("a", record.Pass, "")})
	if text := compare(changing, both, nil).Markdown(); !strings.Contains(text, "| changing: fail F2, pass | fail F2 | DISAGREE |") {
		t.Error(text)
	}
}

func TestADifferenceIsExplainedOnlyAsFarAsItIsKnown(t *testing.T) {
	known := []Difference{{
		Item: Item{Scenario: "pod-delete", App: "a"}, Cluster: Outcome{record.Fail, "F5"}, Local: Outcome{record.Pass, ""},
		Reason: "the model has no processor limits",
	}}
	explained := compare([]Result{said("a", record.Fail, "F5")}, []Result{said("a", record.Pass, "")}, known)
	if why := explained.Unexplained(); why != "" || !strings.Contains(explained.Markdown(), "differ: the model has no processor limits") {
		t.Errorf("%q\n%s", why, explained.Markdown())
	}
	for what, c := range map[string][2]Result{
		"another outcome":     {said("a", record.Fail, "F5"), said("a", record.Fail, "F1")},
		"the other way round": {said("a", record.Pass, ""), said("a", record.Fail, "F5")},
		"another application": {said("b", record.Fail, "F5"), said("b", record.Pass, "")},
	} {
		if compare([]Result{c[0]}, []Result{c[1]}, known).Unexplained() == "" {
			t.Errorf("%s is taken for the known difference", what)
		}
	}
}

func TestEveryKnownDifferenceHasAReason(t *testing.T) {
	for _, d := range differences {
		if d.Reason == "" || d.Cluster == d.Local {
			t.Errorf("%+v", d)
		}
	}
}

// lacking is a platform without one feature.
type lacking struct {
	fixtures.Platform
	feature fixtures.Feature
}

func (l lacking) Missing(f fixtures.Feature) string {
	if f == l.feature {
		return "it has none"
	}
	return ""
}

func TestOnlyScenariosThatBothPlatformsHaveAreCompared(t *testing.T) {
	items := []Item{{Scenario: "pod-delete", App: "a"}, {Scenario: "rolling-update", App: "a"}}
	got, err := Common(items, lacking{feature: fixtures.RollingUpdate})
	if err != nil || len(got) != 1 || got[0] != items[0] {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Common([]Item{{Scenario: "none", App: "a"}}, lacking{}); err == nil {
		t.Error("a scenario that there is not is left out in silence")
	}
}
