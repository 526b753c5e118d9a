package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/fixtures/local"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
	"github.com/lastcall-dev/lastcall/suites"
)

// localScenarios run unless others are asked for.
var localScenarios = []string{"pod-delete", "pod-delete-slow", "rolling-update", "scale"}

// localFlags of `lastcall local`.
type localFlags struct {
	programFlags
	trafficFlags
	scenarios         []string
	delays            []time.Duration
	sources, rounds   int
	control           time.Duration
	seed              int64
	slo, out, output  string
	chosen            []scenarios.Scenario
	scenariosAreGiven bool
}

func newLocal() *cobra.Command { return newLocalFor(new(localFlags)) }

func newLocalFor(f *localFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "local [flags] -- COMMAND…",
		Short: "Run a program as local processes in place of pods, without a cluster, and judge it",
		Long: `Runs copies of a program as local processes, does to them what Kubernetes does to pods, sends the same traffic and
judges the same record as run does. {port} and {name} in the command stand for each copy's port and name, which are in
PORT and POD_NAME too. It is a model of a cluster: the report says what it leaves out.

A request is written as ` + requestSyntax + `
and a body that begins with @ is read from that file. Headers such as Authorization and Cookie are sent and never saved.`,
		Example: `  lastcall local -- ./server --port {port}
  lastcall local --pre-stop 5s --ready /ready --slow 'GET /report takes 4s' -- ./server --port {port}
  lastcall local --request "POST /orders -H 'Content-Type: application/json' -d '{}' -> 201" -- ./server
  kustomize build . | lastcall local --from - -- ./server --port {port}
  lastcall local --app closes-at-once --scenario pod-delete`,
		RunE: func(c *cobra.Command, args []string) error { return f.execute(c, args) },
	}
	f.programFlags.add(c)
	f.trafficFlags.add(c)
	flags := c.Flags()
	flags.SetInterspersed(false)
	flags.StringArrayVar(&f.scenarios, "scenario", localScenarios, "`name` of a scenario, repeatable")
	flags.DurationSliceVar(&f.delays, "programming-delay", []time.Duration{local.DefaultProgrammingDelay}, "how long a change of the endpoints takes to reach each source of traffic, by commas; the last holds for the rest")
	flags.IntVar(&f.sources, "sources", local.DefaultSources, "sources of traffic, each with its own endpoints as a node has")
	flags.IntVar(&f.rounds, "rounds", 0, "most rounds of the fault (default: the SLO's, 4)")
	flags.DurationVar(&f.control, "control", 0, "traffic without any fault first (default: the scenario's)")
	flags.Int64Var(&f.seed, "seed", 0, "seed of everything random (default: drawn, and recorded)")
	flags.StringVar(&f.slo, "slo", "", "YAML `file` with other figures to judge by")
	flags.StringVar(&f.out, "out", "out", "`folder` for the runs' folders")
	flags.StringVar(&f.output, "output", "text", "text or json")
	return c
}

func (f *localFlags) execute(c *cobra.Command, command []string) error {
	slo, err := f.check(c, command)
	if err != nil {
		return err
	}
	slog.SetLogLoggerLevel(slog.LevelWarn) // agents in this process tell what the progress tells already
	platform, err := local.New(local.Only(f.deployed), local.Options{Sources: f.sources, Seed: f.seed, Delays: f.delays})
	if err != nil {
		return asConfig(err)
	}
	for _, note := range append(f.notHonouredNotes(), f.choose(platform)...) {
		fmt.Fprintln(c.ErrOrStderr(), note)
	}
	if len(f.chosen) == 0 {
		return errUnknown // nothing is left to be judged, which is no pass
	}
	progress := newProgress(c.ErrOrStderr())
	defer progress.close()
	runner := suites.Runner{
		Platform: &honouring{Platform: platform, not: f.notHonoured}, Out: f.out, Command: f.line(c.Flags()),
		Options: scenarios.Options{Seed: f.seed, Rate: f.rate, SLO: slo, Watch: progress},
	}
	var results []suites.Result
	for _, scenario := range f.chosen {
		result := runner.RunScenario(c.Context(), scenario, f.application())
		results = append(results, result)
		progress.done()
		if f.output == "text" {
			tell(c.OutOrStdout(), result, colourful(c.OutOrStdout()))
		}
		if stops(c.Context(), result) {
			break
		}
	}
	ended := runFlags{out: f.out, output: f.output}
	return ended.conclude(c.OutOrStdout(), results)
}

// check everything that can be checked before a process is started.
func (f *localFlags) check(c *cobra.Command, command []string) (record.SLO, error) {
	if f.output != "text" && f.output != "json" {
		return record.SLO{}, misuse("--output is %q, want text or json", f.output)
	}
	if f.control < 0 {
		return record.SLO{}, misuse("--control is %s", f.control)
	}
	f.scenariosAreGiven = c.Flags().Changed("scenario")
	for _, name := range f.scenarios {
		if _, err := scenarios.Find(name); err != nil {
			return record.SLO{}, asConfig(err)
		}
	}
	figures := runFlags{slo: f.slo, rounds: f.rounds}
	slo, err := figures.figures()
	if err != nil {
		return slo, asConfig(err)
	}
	if f.seed == 0 {
		f.seed = time.Now().UnixNano() & 0xffffffff
	}
	if err := f.parse(f.app != ""); err != nil {
		return slo, err
	}
	if err := f.load(c, command); err != nil {
		return slo, err
	}
	return slo, f.refuse()
}

// refuse what was asked for by name and cannot be.
func (f *localFlags) refuse() error {
	if !f.scenariosAreGiven {
		return nil
	}
	for _, name := range f.scenarios {
		scenario, err := scenarios.Find(name)
		if err != nil {
			return asConfig(err)
		}
		if why := f.unfit(f.fitted(scenario)); why != "" {
			return misuse("scenario %s: %s", name, why)
		}
	}
	return nil
}

// choose fits the scenarios to the flags. Those that nobody asked for by name and that cannot be are left out, and the
// notes say why.
func (f *localFlags) choose(p fixtures.Platform) (notes []string) {
	for _, name := range f.scenarios {
		scenario, err := scenarios.Find(name)
		if err != nil {
			continue // checked before
		}
		scenario = f.fitted(scenario)
		why := f.unfit(scenario)
		if why == "" {
			why = scenario.Missing(p)
		}
		if why != "" && !f.scenariosAreGiven {
			notes = append(notes, fmt.Sprintf("%s is skipped: %s", name, why))
			continue
		}
		f.chosen = append(f.chosen, scenario)
	}
	return notes
}

// fitted is the scenario with the flags' traffic and replicas. Streams and watches, HTTP/2 and gRPC are those of the
// applications in the box.
func (f *localFlags) fitted(s scenarios.Scenario) scenarios.Scenario {
	others := slices.DeleteFunc(slices.Clone(s.Loads), func(l record.Load) bool {
		return f.app == "" || !l.Class.Lasting() && !l.Class.OnHTTP2()
	})
	s.Loads = append(f.loads(), others...)
	switch {
	case f.replicas > 0:
		s.Replicas = f.replicas
	case f.from != "":
		s.Replicas = f.deployed.Replicas // the manifest is tested together with the program
	}
	if f.deployed.Budget != nil && s.Expect == nil {
		s.Budget = nil // likewise, but for a negative control, which is made of its budget
	}
	if f.control > 0 {
		s.Control = f.control
	}
	return s
}

// unfit says why the scenario cannot be run with the flags; "" when it can.
func (f *localFlags) unfit(s scenarios.Scenario) string {
	switch fault := s.Fault.(type) {
	case faults.PodDelete:
		if fault.WhileSlow > 0 && f.outlasts() == 0 {
			return "it needs a slow request: give one with --slow, such as --slow 'GET /report takes 4s'"
		}
	case faults.Scale:
		if s.Replicas > 0 && fault.To >= s.Replicas {
			return fmt.Sprintf("it scales down to %d, and there are %d replicas", fault.To, s.Replicas)
		}
	case faults.Drain:
		return f.undrainable(s)
	}
	return ""
}

// undrainable says why a drain would show nothing; "" when it would. One source has no pods, see local.Platform.Describe.
func (f *localFlags) undrainable(s scenarios.Scenario) string {
	switch nodes := f.sources - 1; {
	case s.Together && f.deployed.Budget != nil:
		return "it shows what happens without a PodDisruptionBudget, and " + f.manifest() + " has one"
	case !s.Together && s.Replicas < nodes:
		return fmt.Sprintf("each of the %d nodes for pods needs one, and there are %d replicas: ask for more --replicas or fewer --sources", nodes, s.Replicas)
	default:
		return ""
	}
}

// application stands for the program: one of the box keeps what is known to be wrong with it.
func (f *localFlags) application() apps.App {
	if app, err := apps.Find(f.app); err == nil {
		return app
	}
	return apps.App{Name: f.deployed.Name, Description: strings.Join(f.deployed.Command, " ")}
}

func (f *localFlags) notHonouredNotes() (notes []string) {
	for _, text := range f.notHonoured {
		notes = append(notes, "not honoured of "+f.manifest()+": "+text)
	}
	return notes
}

func (f *localFlags) manifest() string {
	if f.from == "-" {
		return "the manifest"
	}
	return f.from
}

// line makes the command line that repeats a run. Secrets are left out of it.
func (f *localFlags) line(flags *pflag.FlagSet) func(suites.Item, int64) string {
	var same []string
	flags.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "scenario", "seed", "request", "slow", "rate", "fast-rate", "slow-rate", "env", "out", "output":
		case "programming-delay":
			same = append(same, "--programming-delay "+strings.Trim(flag.Value.String(), "[]"))
		default:
			same = append(same, "--"+flag.Name+" "+quote(flag.Value.String()))
		}
	})
	for _, pair := range f.env {
		name, value, _ := strings.Cut(pair, "=")
		if record.SecretName(name) {
			value = record.Redacted
		}
		same = append(same, "--env "+quote(name+"="+value))
	}
	same = append(same, f.shown()...)
	return func(i suites.Item, seed int64) string {
		words := append([]string{"lastcall local --scenario", i.Scenario, "--seed", fmt.Sprint(seed)}, same...)
		if len(f.command) > 0 {
			words = append(words, "--")
		}
		for _, word := range f.command {
			words = append(words, quote(word))
		}
		return strings.Join(words, " ")
	}
}

// honouring is the local platform with what of a manifest it does not honour.
type honouring struct {
	*local.Platform
	not []string
}

// Model lists what is not modelled, what the manifest asks for among it.
func (h *honouring) Model() []string {
	model := h.Platform.Model()
	for _, text := range h.not {
		model = append(model, "of the manifest: "+text)
	}
	return model
}
