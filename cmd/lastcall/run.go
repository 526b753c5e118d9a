package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/kube"
	"github.com/lastcall-dev/lastcall/fixtures/source"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/reports"
	"github.com/lastcall-dev/lastcall/scenarios"
	"github.com/lastcall-dev/lastcall/suites"
)

// runFlags of `lastcall run`.
type runFlags struct {
	suite     string
	app       string
	slo       string
	out       string
	output    string
	rate      float64
	rounds    int
	seed      int64
	keep      bool
	skipFault bool
	cluster   cluster.Options
	release   func() // lets other runs at the cluster
}

func newRun() *cobra.Command {
	f := runFlags{release: func() {}}
	c := &cobra.Command{
		Use:   "run SCENARIO… | run --suite NAME",
		Short: "Run scenarios on the cluster and judge them",
		Long: `Runs each scenario with the application on lastcall's own kind cluster, which is brought up when there is none, or on
the cluster of --context. Each run leaves a folder with its record and its reports.`,
		Example: `  lastcall run pod-delete
  lastcall run pod-delete pod-delete-slow --app closes-at-once
  lastcall run --suite gate`,
		RunE:              f.execute,
		ValidArgsFunction: completeScenarios,
	}
	c.Flags().StringVar(&f.suite, "suite", "", "run a suite instead of single scenarios (see list suites)")
	c.Flags().StringVar(&f.app, "app", "graceful", "the application (see list apps)")
	c.Flags().StringVar(&f.slo, "slo", "", "YAML `file` with other figures to judge by")
	c.Flags().StringVar(&f.out, "out", "out", "`folder` for the runs' folders")
	c.Flags().StringVar(&f.output, "output", "text", "text or json")
	c.Flags().Float64Var(&f.rate, "rate", 1, "`factor` on the rate of all traffic")
	c.Flags().IntVar(&f.rounds, "rounds", 0, "most rounds of the fault (default: the SLO's, 3)")
	c.Flags().Int64Var(&f.seed, "seed", 0, "seed of everything random (default: drawn, and recorded)")
	c.Flags().BoolVar(&f.keep, "keep", false, "leave the namespace and what is in it")
	c.Flags().BoolVar(&f.skipFault, "skip-fault", false, "leave the fault out: a check of lastcall itself, the verdict must be unknown")
	clusterFlags(c, &f.cluster)
	return c
}

func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range scenarios.All() {
		names = append(names, s.Name+"\t"+s.Description)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// execute checks everything that can be checked without a cluster first.
func (f *runFlags) execute(c *cobra.Command, args []string) error {
	items, err := f.items(c, args)
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
	results := runAll(c.Context(), runner, items, func(r suites.Result) {
		progress.done()
		if f.output == "text" {
			tell(c.OutOrStdout(), r, colourful(c.OutOrStdout()))
		}
	})
	return f.conclude(c.OutOrStdout(), results)
}

// drawSeed draws a seed unless one was asked for.
func (f *runFlags) drawSeed() {
	if f.seed == 0 {
		f.seed = time.Now().UnixNano() & 0xffffffff
	}
}

func (f *runFlags) items(c *cobra.Command, args []string) ([]suites.Item, error) {
	if f.output != "text" && f.output != "json" {
		return nil, misuse("--output is %q, want text or json", f.output)
	}
	if f.rate <= 0 || f.rate > 4 {
		return nil, misuse("--rate is %g, want a factor above 0 and at most 4", f.rate)
	}
	if f.suite != "" {
		if len(args) > 0 || c.Flags().Changed("app") {
			return nil, misuse("--suite says itself which scenarios and applications it runs")
		}
		suite, err := suites.Find(f.suite)
		return suite.Items, asConfig(err)
	}
	if len(args) == 0 {
		return nil, misuse("name a scenario (see lastcall list scenarios), or a suite with --suite")
	}
	if _, err := apps.Find(f.app); err != nil {
		return nil, asConfig(err)
	}
	var items []suites.Item
	for _, name := range args {
		if _, err := scenarios.Find(name); err != nil {
			return nil, asConfig(err)
		}
		items = append(items, suites.Item{Scenario: name, App: f.app})
	}
	return items, nil
}

func asConfig(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(errConfig, err)
}

func (f *runFlags) figures() (record.SLO, error) {
	slo := record.DefaultSLO()
	if f.slo != "" {
		var err error
		if slo, err = record.ReadSLO(f.slo, slo); err != nil {
			return slo, err
		}
	}
	if f.rounds > 0 {
		slo.Rounds = f.rounds
	}
	return slo, slo.Validate()
}

func (f *runFlags) runner(ctx context.Context, slo record.SLO, p *progress) (suites.Runner, error) {
	root, err := source.Root()
	if err != nil {
		return suites.Runner{}, errors.Join(errEnvironment, err)
	}
	folder, err := journal.Folder()
	if err != nil {
		return suites.Runner{}, errors.Join(errEnvironment, err)
	}
	identity := f.cluster.Identity()
	release, err := claim(folder, identity)
	if err != nil {
		return suites.Runner{}, err
	}
	f.release = release
	f.cluster.Progress = p.Step
	c, err := cluster.Up(ctx, f.cluster)
	if err != nil {
		return suites.Runner{}, asEnvironment(ctx, err)
	}
	platform := kube.New(c, root)
	if !c.Ours() {
		platform = platform.Existing()
	}
	return suites.Runner{
		Platform: platform, Out: f.out, Command: f.command,
		Options: scenarios.Options{Seed: f.seed, Rate: f.rate, SLO: slo, Keep: f.keep, SkipFault: f.skipFault, Watch: p,
			Journal: func(runID string) (*journal.Journal, error) { return journal.Create(folder, runID, identity) },
		},
	}, nil
}

// asEnvironment marks an error of getting a cluster: interrupted, not permitted, or not possible here.
func asEnvironment(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.Join(scenarios.ErrAborted, context.Cause(ctx), err)
	case errors.Is(err, cluster.ErrNotOurs):
		return err
	default:
		return errors.Join(errEnvironment, err)
	}
}

// command is the line that repeats the run.
func (f *runFlags) command(i suites.Item, seed int64) string {
	line := fmt.Sprintf("lastcall run %s --app %s --seed %d", i.Scenario, i.App, seed)
	if f.rate != 1 {
		line += fmt.Sprintf(" --rate %g", f.rate)
	}
	if f.rounds > 0 {
		line += fmt.Sprintf(" --rounds %d", f.rounds)
	}
	if f.slo != "" {
		line += " --slo " + f.slo
	}
	if f.skipFault {
		line += " --skip-fault"
	}
	if f.cluster.Context != "" {
		line += fmt.Sprintf(" --context %s --allow-disruption", f.cluster.Context)
	}
	return line
}

// runAll stops after a run that was aborted or left something behind: the next one would not be judged fairly.
func runAll(ctx context.Context, runner suites.Runner, items []suites.Item, each func(suites.Result)) []suites.Result {
	var results []suites.Result
	turns := suites.NewTurns(runner, items)
	for i := range items {
		result := turns.Run(ctx, i)
		results = append(results, result)
		each(result)
		if stops(ctx, result) {
			break // and with it the turns
		}
	}
	return results
}

func stops(ctx context.Context, r suites.Result) bool {
	return ctx.Err() != nil || errors.Is(r.Err, scenarios.ErrUndoIncomplete)
}

// tell prints a judged run: the findings, then the verdict and where the report is.
func tell(w io.Writer, r suites.Result, colour bool) {
	if r.Run == nil {
		return
	}
	fmt.Fprintln(w)
	_ = reports.Text(w, r.Run, width(w), colour)
	if r.Err != nil {
		fmt.Fprintf(w, "harness: %v\n", r.Err)
	}
	fmt.Fprintf(w, "%s  %s\n", r.Run.Verdict, filepath.Join(r.Dir, "report.html"))
}

// conclude writes what goes over all runs and turns it into one error.
func (f *runFlags) conclude(w io.Writer, results []suites.Result) error {
	var errs []error
	for _, r := range results {
		errs = append(errs, r.Err)
		if f.suite == "" && r.Run != nil {
			errs = append(errs, ofVerdict(r.Run.Verdict))
		}
		if f.suite != "" && r.Unmet != "" {
			errs = append(errs, errFail)
		}
	}
	if f.output == "json" {
		errs = append(errs, printJSON(w, results))
	}
	if f.suite != "" {
		errs = append(errs, f.suiteReport(w, results))
	}
	return errors.Join(errs...)
}

func (f *runFlags) suiteReport(w io.Writer, results []suites.Result) error {
	entries := suites.Entries(results)
	if err := reports.WriteSuite(f.out, f.suite, entries); err != nil {
		return err
	}
	if f.output != "text" {
		return nil
	}
	fmt.Fprintln(w)
	if err := reports.Shares(w, entries, nil); err != nil {
		return err
	}
	verdict, met := record.Pass, 0
	for _, r := range results {
		if r.Unmet == "" {
			met++
		} else {
			verdict = record.Fail
		}
	}
	fmt.Fprintf(w, "\n%s  suite %s: %d of %d runs as they must be  %s\n", verdict, f.suite, met, len(results), filepath.Join(f.out, "index.html"))
	return nil
}

func printJSON(w io.Writer, results []suites.Result) error {
	type line struct {
		Dir   string      `json:"dir"`
		Error string      `json:"error,omitempty"`
		Unmet string      `json:"unmet,omitempty"`
		Run   *record.Run `json:"run"`
	}
	lines := make([]line, 0, len(results))
	for _, r := range results {
		l := line{Dir: r.Dir, Unmet: r.Unmet, Run: r.Run}
		if r.Err != nil {
			l.Error = r.Err.Error()
		}
		lines = append(lines, l)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(lines)
}
