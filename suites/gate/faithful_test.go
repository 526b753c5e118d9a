package gate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/onsi/gomega"

	"github.com/lastcall-dev/lastcall/fixtures/local"
	"github.com/lastcall-dev/lastcall/fixtures/source"
	"github.com/lastcall-dev/lastcall/suites"
)

// sideBySide is how many local runs go on at once. Ten processes that start one after another, as in a roll-out, take a
// processor for themselves; beside another run the generator would be late.
const sideBySide = 1

// compareWithLocal runs on the local platform what was run on the cluster, as far as it can, and holds the two against
// each other: a model that says something else than the cluster is a finding of its own.
func compareWithLocal(ctx context.Context, seed int64) {
	root, err := source.Root()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	platform, err := local.New(local.BuiltIn(root), local.Options{Seed: seed})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	items, err := suites.Common(suites.Gate().Items, platform)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	var onCluster []suites.Result
	for _, r := range results {
		if r.Run != nil && slices.Contains(items, suites.Item{Scenario: r.Run.Scenario, App: r.Run.App}) {
			onCluster = append(onCluster, r)
		}
	}
	there := runner
	there.Platform, there.Out = platform, filepath.Join(runner.Out, "local")
	there.Command = func(i suites.Item, seed int64) string {
		return fmt.Sprintf("bin/lastcall local --app %s --scenario %s --seed %d", i.App, i.Scenario, seed)
	}
	began := time.Now()
	here := there.RunAtOnce(ctx, items, sideBySide, report)
	lap(fmt.Sprintf("%d runs on the local platform", len(here)), began)
	table := suites.Faithfulness(onCluster, here)
	say(fmt.Sprintf("faithfulness of the local platform, %d runs in %s:\n%s", len(here), time.Since(began).Round(time.Second), table.Markdown()))
	gomega.Expect(table.Write(runner.Out)).To(gomega.Succeed())
	gomega.Expect(table.Unexplained()).To(gomega.BeEmpty(), "see %s", filepath.Join(runner.Out, suites.FaithfulnessFile))
}
