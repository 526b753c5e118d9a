package main

import (
	"path/filepath"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

// saveAs leaves a run with that verdict in a folder of its own.
func saveAs(t *testing.T, folder, app string, verdict record.Verdict, model ...string) {
	t.Helper()
	run := &record.Run{Scenario: "pod-delete", App: app, Verdict: verdict, Model: model}
	if err := record.Save(filepath.Join(folder, app), run); err != nil {
		t.Fatal(err)
	}
}

func TestPlatformsAreHeldAgainstEachOtherFromSavedRuns(t *testing.T) {
	const model = "a model of a cluster"
	cluster, agreeing, other := t.TempDir(), t.TempDir(), t.TempDir()
	saveAs(t, cluster, "graceful", record.Pass)
	saveAs(t, agreeing, "graceful", record.Pass, model)
	saveAs(t, other, "graceful", record.Fail, model)
	for name, c := range map[string]struct {
		folders []string
		want    int
	}{
		"both say the same":   {[]string{cluster, agreeing}, exitPass},
		"they do not":         {[]string{cluster, other}, exitFail},
		"one has not run it":  {[]string{cluster}, exitFail},
		"there are no runs":   {[]string{t.TempDir()}, exitFail},
		"no folder was named": {nil, exitConfig},
	} {
		if got := run(append([]string{"faithfulness"}, c.folders...)); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}
