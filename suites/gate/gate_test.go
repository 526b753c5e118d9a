// Package gate is the suite that a CI job runs, as Ginkgo specs: one per run, each against the real cluster.
package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/kube"
	"github.com/lastcall-dev/lastcall/fixtures/source"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/reports"
	"github.com/lastcall-dev/lastcall/scenarios"
	"github.com/lastcall-dev/lastcall/suites"
)

// undoTime is what an interrupted run gets to save what it has seen and to undo what it did.
const undoTime = ginkgo.GracePeriod(3 * time.Minute)

var (
	runner  suites.Runner
	turns   *suites.Turns
	results []suites.Result
	laps    []reports.Lap // what took time besides the runs
)

// before is how long the cluster took to come up before this suite began, by who began it.
func before() time.Duration {
	took := os.Getenv("LASTCALL_CLUSTER_UP")
	if took == "" {
		return 0
	}
	d, err := time.ParseDuration(took)
	gomega.Expect(err).NotTo(gomega.HaveOccurred(), "LASTCALL_CLUSTER_UP")
	return d
}

// lap notes how long something took that has just ended.
func lap(name string, began time.Time) {
	laps = append(laps, reports.Lap{Name: name, Took: time.Since(began)})
}

func TestGate(t *testing.T) {
	if os.Getenv("LASTCALL_GATE") == "" {
		t.Skip("disrupts a cluster: set LASTCALL_GATE=1, or use make gate")
	}
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, "gate")
}

var _ = ginkgo.BeforeSuite(func(ctx ginkgo.SpecContext) {
	root, err := source.Root()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	options := cluster.Options{Progress: say}
	folder, err := journal.Folder()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	release, err := journal.Claim(folder, options.Identity())
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	ginkgo.DeferCleanup(release)
	began := time.Now()
	c, err := cluster.Up(ctx, options)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	lap("bringing the cluster up", began.Add(-before()))
	out := os.Getenv("LASTCALL_OUT")
	if out == "" {
		out = filepath.Join(root, "out")
	}
	runner = suites.Runner{
		Platform: kube.New(c, root), Out: out,
		Options: scenarios.Options{Seed: ginkgo.GinkgoRandomSeed(), SLO: record.DefaultSLO(), Watch: steps{},
			Journal: func(runID string) (*journal.Journal, error) {
				return journal.Create(folder, runID, options.Identity())
			},
		},
		Command: func(i suites.Item, seed int64) string {
			return fmt.Sprintf("bin/lastcall run %s --app %s --seed %d", i.Scenario, i.App, seed)
		},
	}
	turns = suites.NewTurns(runner, suites.Gate().Items)
})

var _ = ginkgo.AfterSuite(func() {
	if turns != nil {
		gomega.Expect(turns.Close()).To(gomega.Succeed())
	}
	if len(results) == 0 {
		return
	}
	entries := suites.Entries(results)
	gomega.Expect(reports.WriteSuite(runner.Out, "gate", entries, laps...)).To(gomega.Succeed())
	say("where the time went, in seconds:")
	gomega.Expect(reports.Shares(os.Stderr, entries, laps)).To(gomega.Succeed())
	say("report: " + filepath.Join(runner.Out, "index.html"))
})

var _ = ginkgo.Describe("gate", ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
	for i, item := range suites.Gate().Items {
		ginkgo.It(spec(item), ginkgo.Label(item.Scenario, item.App), undoTime, func(ctx ginkgo.SpecContext) {
			result := inTurn(ctx, i, item)
			results = append(results, result)
			report(result)
			gomega.Expect(result.Unmet).To(gomega.BeEmpty(), "see %s", filepath.Join(result.Dir, "report.html"))
		})
	}
	ginkgo.It("is told the same by the local platform", ginkgo.Label("local"), undoTime, func(ctx ginkgo.SpecContext) {
		compareWithLocal(ctx, ginkgo.GinkgoRandomSeed())
	})
})

// inTurn runs the item, whose successor is staged meanwhile unless only some of the specs are run.
func inTurn(ctx context.Context, at int, item suites.Item) suites.Result {
	if chosen, _ := ginkgo.GinkgoConfiguration(); chosen.LabelFilter != "" || len(chosen.FocusStrings)+len(chosen.SkipStrings) > 0 {
		return runner.Run(ctx, item)
	}
	return turns.Run(ctx, at)
}

func spec(i suites.Item) string { return i.App + " under " + i.Scenario }

func report(r suites.Result) {
	if r.Run == nil {
		return
	}
	say(fmt.Sprintf("%s · %s · %s: %s after %s, %s", r.Run.App, r.Run.Scenario, verdictText(r), r.Dir, r.Took.Round(time.Second), requests(r.Run)))
}

func verdictText(r suites.Result) string {
	if r.Unmet == "" {
		return string(r.Run.Verdict) + ", as it must"
	}
	return string(r.Run.Verdict) + ": " + r.Unmet
}

func requests(run *record.Run) string {
	failed := 0
	for _, r := range run.Requests {
		if r.Failed() {
			failed++
		}
	}
	return fmt.Sprintf("%d requests, %d failed", len(run.Requests), failed)
}

// say prints at once, whether or not the spec passes: people watch the gate while it runs.
func say(text string) { fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().UTC().Format("15:04:05"), text) }

// steps prints a run's steps.
type steps struct{}

func (steps) Step(text string)     { say("  " + text) }
func (steps) Counts(_, _ uint64)   {}
func (steps) Event(_ record.Event) {}
