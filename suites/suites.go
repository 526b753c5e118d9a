// Package suites runs scenarios one after the other, judges each and writes its reports, and says whether each came out
// as it had to: a negative control must fail, with its own diagnosis. Folders below it hold the Ginkgo entry points.
package suites

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/reports"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// Item is one run of a suite.
type Item struct {
	Scenario string
	App      string
}

// Suite is a named list of runs.
type Suite struct {
	Name        string
	Description string
	Items       []Item
}

// All lists the suites that there are.
func All() []Suite { return []Suite{Gate(), Disruptions(), Traffic(), Platforms()} }

// Gate is what a CI job runs: the reference application must pass every scenario, and everything that is known to be
// broken must be caught, with its cause.
func Gate() Suite {
	return Suite{
		Name:        "gate",
		Description: "The reference application passes, and every negative control fails with its own diagnosis.",
		Items: []Item{
			{Scenario: "baseline", App: "graceful"},
			{Scenario: "pod-delete", App: "graceful"},
			{Scenario: "pod-delete-slow", App: "graceful"},
			{Scenario: "pod-delete-slow-programming", App: "graceful"},
			{Scenario: "rolling-update", App: "graceful"},
			{Scenario: "scale", App: "graceful"},
			{Scenario: "drain", App: "graceful"},
			{Scenario: "apiserver-restart-graceful", App: "graceful"},

			{Scenario: "pod-delete", App: "closes-at-once"},
			{Scenario: "pod-delete", App: "exits-at-once"},
			{Scenario: "pod-delete-slow-programming", App: "closes-at-once"},
			{Scenario: "pod-delete-forced", App: "graceful"},
			{Scenario: "drain-blocked", App: "graceful"},
			{Scenario: "drain-all-at-once", App: "graceful"},
		},
	}
}

// Disruptions are what else happens to a service: roll-outs of another image, and each way in which an API server restarts.
func Disruptions() Suite {
	return Suite{
		Name:        "disruptions",
		Description: "Roll-outs of another image, and restarts of the API server as it is configured by default and killed: it must fail with its own diagnosis.",
		Items: []Item{
			{Scenario: "rolling-update-image", App: "graceful"},
			{Scenario: "rolling-update-undone", App: "graceful"},
			{Scenario: "apiserver-restart-compared", App: "graceful"},
			{Scenario: "apiserver-restart-abrupt", App: "graceful"},
			{Scenario: "apiserver-restart", App: "graceful"},
			{Scenario: "apiserver-upgrade", App: "graceful"},
		},
	}
}

// Traffic is all that a service serves beside short requests, at once, and each application that breaks one kind of it.
func Traffic() Suite {
	return Suite{
		Name:        "traffic",
		Description: "Every kind of traffic at once, and the applications that break one of them.",
		Items: []Item{
			{Scenario: "pod-delete-all-traffic", App: "graceful"},
			{Scenario: "rolling-update-all-traffic", App: "graceful"},
			{Scenario: "rolling-update-long-streams", App: "graceful"},
			{Scenario: "pod-delete-http2", App: "graceful"},
			{Scenario: "pod-delete-transactions", App: "graceful"},
			{Scenario: "database-kill", App: "graceful"},
			{Scenario: "database-cut", App: "graceful"},

			{Scenario: "rolling-update-long-streams-cut", App: "graceful"},
			{Scenario: "pod-delete-all-traffic", App: "cuts-streams"},
			{Scenario: "pod-delete-all-traffic", App: "ignores-since"},
			{Scenario: "pod-delete-all-traffic", App: "waits-for-streams"},
			{Scenario: "pod-delete-transactions", App: "pays-apart"},
			{Scenario: "pod-delete-transactions", App: "acknowledges-early"},
			{Scenario: "pod-delete-transactions", App: "ignores-keys"},
			{Scenario: "pod-delete-transactions", App: "takes-on"},
		},
	}
}

// Platforms is every broken application under every scenario that the local platform has as well, but for those that the
// gate runs: what a cluster says of them, the local platform is to be held to (see Faithfulness).
func Platforms() Suite {
	suite := Suite{
		Name:        "platforms",
		Description: "Every broken application under every scenario that the local platform has too: compare with lastcall faithfulness.",
	}
	for _, app := range []string{"closes-at-once", "exits-at-once"} {
		for _, scenario := range []string{
			"baseline", "pod-delete-slow", "pod-delete-forced", "rolling-update", "rolling-update-image", "rolling-update-undone",
			"scale", "drain", "drain-blocked", "drain-all-at-once",
		} {
			suite.Items = append(suite.Items, Item{Scenario: scenario, App: app})
		}
	}
	return suite
}

// Find looks a suite up by name. The error names those that there are.
func Find(name string) (Suite, error) {
	var names []string
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Suite{}, fmt.Errorf("there is no suite %q; there are: %s", name, strings.Join(names, ", "))
}

// Result of one run.
type Result struct {
	Run *record.Run
	Dir string // the run's folder
	// Unmet says why the run did not come out as it had to: a pass, or for a negative control a fail with its diagnosis.
	// "" when it did.
	Unmet string
	Err   error // of the harness; its kinds are those of package scenarios
	Took  time.Duration
	// Ahead is how much of the beginning of Took went by while the run before was still taken down; see Turns.
	Ahead time.Duration
}

// Runner runs scenarios on a platform and leaves a folder for each.
type Runner struct {
	Platform fixtures.Platform
	Out      string // the folder that the runs' folders are made in
	Options  scenarios.Options
	Command  func(Item, int64) string // the command line that repeats a run; nil: none is recorded
}

// Run runs the scenario with the application, both looked up by name; see RunScenario.
func (r Runner) Run(ctx context.Context, item Item) Result { return r.begin(ctx, item).conclude() }

// begun is a run that has been observed; to conclude it is to take it down, to judge it and to write its reports.
type begun struct {
	clean    bool // it went to its end, and nothing is left of its faults
	conclude func() Result
}

func failed(err error) begun {
	return begun{conclude: func() Result { return Result{Err: err, Unmet: err.Error()} }}
}

func (r Runner) begin(ctx context.Context, item Item) begun {
	scenario, err := scenarios.Find(item.Scenario)
	if err != nil {
		return failed(err)
	}
	app, err := apps.Find(item.App)
	if err != nil {
		return failed(err)
	}
	return r.beginScenario(ctx, scenario, app)
}

// RunScenario runs a scenario, which need not be a registered one, with an application, which need not be in the box if
// the platform knows it. It judges the run and writes its reports. The result holds the record whatever happens; what
// went wrong is in Err, and the verdict is then no pass.
func (r Runner) RunScenario(ctx context.Context, scenario scenarios.Scenario, app apps.App) Result {
	return r.beginScenario(ctx, scenario, app).conclude()
}

func (r Runner) beginScenario(ctx context.Context, scenario scenarios.Scenario, app apps.App) begun {
	began, item := time.Now(), Item{Scenario: scenario.Name, App: app.Name}
	dir, err := newFolder(r.Out, began, item)
	if err != nil {
		return failed(err)
	}
	options, seen := r.Options, &witness{Platform: r.Platform}
	options.Enough = assertions.Enough
	options.Save = func(run *record.Run) error { seen.testify(run); return record.Save(dir, run) }
	if r.Command != nil {
		options.Command = r.Command(item, options.Seed)
	}
	observed := scenarios.Observe(ctx, seen, scenario, app, options)
	return begun{clean: observed.Clean(), conclude: func() Result {
		run, err := observed.Conclude()
		seen.testify(run)
		err = errors.Join(err, Judge(dir, run))
		result := Result{Run: run, Dir: dir, Err: err, Took: time.Since(began)}
		result.Unmet = unmet(result)
		return result
	}}
}

// Judge fills in the verdict, saves it and renders every report into the folder. A run that was skipped stays so.
func Judge(dir string, run *record.Run) error {
	JudgeOnly(run)
	return errors.Join(record.SaveFindings(dir, run), reports.Write(dir, run))
}

// JudgeOnly fills in the verdict and writes nothing.
func JudgeOnly(run *record.Run) {
	if run.Verdict != record.Skipped {
		assertions.Judge(run)
	}
}

func unmet(r Result) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	if err := assertions.Meets(r.Run); err != nil {
		return err.Error()
	}
	return ""
}

// newFolder makes <out>/<UTC time>-<scenario>-<app>; a run that begins in the same second gets a number.
func newFolder(out string, at time.Time, item Item) (string, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", fmt.Errorf("making the folder for runs: %w", err)
	}
	base := filepath.Join(out, fmt.Sprintf("%s-%s-%s", at.UTC().Format("20060102T150405Z"), item.Scenario, item.App))
	for n := 1; ; n++ {
		dir := base
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("making the run's folder: %w", err)
		}
	}
}

// Entries turns results into what the reports over a whole suite need.
func Entries(results []Result) []reports.Entry {
	entries := make([]reports.Entry, 0, len(results))
	for _, r := range results {
		if r.Run != nil {
			entries = append(entries, reports.Entry{Run: r.Run, Dir: r.Dir, Unmet: r.Unmet, Took: r.Took, Ahead: r.Ahead})
		}
	}
	return entries
}
