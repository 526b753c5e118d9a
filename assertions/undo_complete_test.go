package assertions

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestEveryChangeOfARunIsSeenToBeTakenBack(t *testing.T) {
	type edit func(*record.Run)
	drop := func(kind string) edit {
		return func(run *record.Run) {
			run.Events = slices.DeleteFunc(run.Events, func(e record.Event) bool { return e.Kind == kind })
		}
	}
	add := func(after time.Duration, kind, object string, attr map[string]string) edit {
		return func(run *record.Run) {
			run.Events = append(run.Events, record.Event{At: after, Source: record.SourceCommand, Kind: kind, Object: object, Attr: attr, Detail: "namespace a is left"})
		}
	}
	const late = time.Hour
	for name, c := range map[string]struct {
		edits []edit
		want  record.Verdict
		says  string
	}{
		"namespace made and gone":         {nil, record.Pass, "1 change seen to be as before: namespace lastcall-run"},
		"nothing changed":                 {[]edit{drop(record.NamespaceMade), drop(record.NamespaceGone)}, record.Pass, "names no single change"},
		"kept on request":                 {[]edit{drop(record.NamespaceGone), add(late, record.NamespaceKept, "lastcall-run", nil)}, record.Pass, "Left on request: namespace lastcall-run"},
		"aborted, and all undone":         {[]edit{func(run *record.Run) { run.Aborted = "interrupted" }}, record.Pass, "aborted, and undone all the same"},
		"undo incomplete":                 {[]edit{drop(record.UndoEnded), add(late, record.UndoIncomplete, "", nil)}, record.Fail, "namespace a is left"},
		"undo incomplete and ended":       {[]edit{add(late, record.UndoIncomplete, "", nil)}, record.Fail, "namespace a is left"},
		"killed before the undo":          {[]edit{drop(record.UndoBegan), drop(record.UndoEnded), drop(record.NamespaceGone)}, record.Unknown, "had made 1 change"},
		"killed during the undo":          {[]edit{drop(record.UndoEnded)}, record.Unknown, "while it was taking back"},
		"nobody saw the namespace go":     {[]edit{drop(record.NamespaceGone)}, record.Unknown, "namespace lastcall-run"},
		"kube-proxy stopped and resumed":  {[]edit{add(deletedAt, record.ProxyStopped, "worker", nil), add(deletedAt+time.Second, record.ProxyResumed, "worker", nil)}, record.Pass, "kube-proxy of node worker"},
		"resumed on another node":         {[]edit{add(deletedAt, record.ProxyStopped, "worker", nil), add(deletedAt+time.Second, record.ProxyResumed, "worker2", nil)}, record.Unknown, "kube-proxy of node worker"},
		"stopped again, never resumed":    {[]edit{add(deletedAt, record.ProxyStopped, "worker", nil), add(deletedAt+time.Second, record.ProxyResumed, "worker", nil), add(late, record.ProxyStopped, "worker", nil)}, record.Unknown, "kube-proxy of node worker"},
		"cordoned and uncordoned":         {[]edit{add(deletedAt, record.NodeCordoned, "worker", nil), add(late, record.NodeUncordoned, "worker", nil)}, record.Pass, "cordon of node worker"},
		"cordon left":                     {[]edit{add(deletedAt, record.NodeCordoned, "worker", nil)}, record.Unknown, "cordon of node worker"},
		"cordoned by an operator, before": {[]edit{add(deletedAt, record.NodeCordoned, "worker", map[string]string{record.Foreign: "true"})}, record.Pass, "1 change seen"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(graceful())
			for _, edit := range c.edits {
				edit(run)
			}
			diagnosis := ""
			if c.want == record.Fail {
				diagnosis = record.Unexplained
			}
			f := wants(t, run, "undo-complete", "", c.want, diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
			if (c.want == record.Pass) != (run.Verdict == record.Pass || run.Aborted != "") {
				t.Errorf("the run is %s", run.Verdict)
			}
		})
	}
}

func TestABaselineTakesBackWhatItMadeToo(t *testing.T) {
	run := baseline()
	wants(t, run, "undo-complete", "", record.Pass, "")
	run.Events = slices.DeleteFunc(run.Events, func(e record.Event) bool { return e.Kind == record.UndoEnded })
	wants(t, run, "undo-complete", "", record.Unknown, "")
}
