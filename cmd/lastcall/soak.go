package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/suites"
)

// soakFlags of `lastcall soak`.
type soakFlags struct {
	runFlags
	minutes float64
}

func newSoak() *cobra.Command {
	f := soakFlags{runFlags: runFlags{output: "text", release: func() {}}}
	c := &cobra.Command{
		Use:   "soak",
		Short: "Repeat a suite's runs in a random order, and report the distribution of their verdicts",
		Long: `Runs the suite's scenarios on the cluster in a random order, again and again until the time is over. The seed decides
the order and each run's own seed. Every run's record is kept, and soak.md beside them says how often each came out
how, and which runs of the same ended differently. Ends with 0 only when every run came out as it must.`,
		Example: `  lastcall soak --minutes 30
  lastcall soak --minutes 480 --seed 7`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return f.execute(c) },
	}
	c.Flags().Float64Var(&f.minutes, "minutes", 30, "how long; a run that would not end in time is not begun")
	c.Flags().StringVar(&f.suite, "suite", "gate", "the suite (see list suites)")
	c.Flags().StringVar(&f.slo, "slo", "", "YAML `file` with other figures to judge by")
	c.Flags().StringVar(&f.out, "out", "out", "`folder` for the runs' folders and "+suites.SoakFile)
	c.Flags().Float64Var(&f.rate, "rate", 1, "`factor` on the rate of all traffic")
	c.Flags().IntVar(&f.rounds, "rounds", 0, "most rounds of the fault (default: the SLO's, 3)")
	c.Flags().Int64Var(&f.seed, "seed", 0, "seed of the order and of the runs (default: drawn, and told)")
	clusterFlags(c, &f.cluster)
	return c
}

// execute checks everything that can be checked without a cluster first.
func (f *soakFlags) execute(c *cobra.Command) error {
	if f.minutes <= 0 {
		return misuse("--minutes is %g, want more than 0", f.minutes)
	}
	items, err := f.items(c, nil)
	if err != nil {
		return err
	}
	slo, err := f.figures()
	if err != nil {
		return errors.Join(errConfig, err)
	}
	f.drawSeed()
	progress := newProgress(c.ErrOrStderr())
	defer progress.close()
	defer func() { f.release() }()
	runner, err := f.runner(c.Context(), slo, progress)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	possible, err := suites.Common(items, runner.Platform)
	if err != nil {
		return err
	}
	for _, item := range items {
		if !slices.Contains(possible, item) {
			fmt.Fprintf(out, "left out, because this cluster cannot run it: %s\n", item)
		}
	}
	fmt.Fprintf(out, "soak of suite %s for %g minutes, seed %d\n", f.suite, f.minutes, f.seed)
	soaked := suites.Soak{
		Items: possible, Seed: f.seed, Length: time.Duration(f.minutes * float64(time.Minute)),
		Run: func(ctx context.Context, item suites.Item, seed int64) suites.Result {
			runner.Options.Seed = seed
			return runner.Run(ctx, item)
		},
		Each: func(r suites.Result) {
			progress.done()
			fmt.Fprintln(out, soakLine(r))
		},
	}.Do(c.Context())
	return f.conclude(c, soaked)
}

// soakLine is one run in one line: many scroll by.
func soakLine(r suites.Result) string {
	if r.Run == nil {
		return r.Unmet
	}
	outcome := "as it must"
	if r.Unmet != "" {
		outcome = "NOT as it must: " + r.Unmet
	}
	return fmt.Sprintf("%-7s  %s under %s, %s, %s  %s", r.Run.Verdict, r.Run.App, r.Run.Scenario, r.Took.Round(time.Second), outcome, r.Dir)
}

// conclude prints and writes the distribution, and turns it into an exit code.
func (f *soakFlags) conclude(c *cobra.Command, soaked suites.Soaked) error {
	out := c.OutOrStdout()
	fmt.Fprintln(out)
	errs := []error{soaked.Err, soaked.Text(out), soaked.Write(f.out), ofSoak(soaked)}
	fmt.Fprintf(out, "\n%s  %s\n", soaked.Headline(), filepath.Join(f.out, suites.SoakFile))
	again := fmt.Sprintf("lastcall soak --suite %s --minutes %g --seed %d", f.suite, f.minutes, f.seed)
	fmt.Fprintf(out, "the same order again: %s\n", again)
	return errors.Join(errs...)
}

// ofSoak is nil only when every run came out as it must. A wrong verdict outweighs one that decided nothing.
func ofSoak(soaked suites.Soaked) error {
	if len(soaked.Unmet()) == 0 {
		return nil
	}
	for _, s := range soaked.Samples {
		if s.Unmet != "" && (s.Verdict == record.Pass || s.Verdict == record.Fail) {
			return errFail
		}
	}
	return errUnknown
}
