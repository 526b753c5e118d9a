package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
	"github.com/lastcall-dev/lastcall/suites"
)

// parsed are the flags of such a command line, checked.
func parsed(t *testing.T, args ...string) (*localFlags, *cobra.Command) {
	t.Helper()
	var f localFlags
	c := newLocalFor(&f)
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	if _, err := f.check(c, c.Flags().Args()); err != nil {
		t.Fatal(err)
	}
	return &f, c
}

func TestMistakesOnTheLocalCommandLineEndWithThree(t *testing.T) {
	for _, args := range []string{
		"", "--app none", "--app graceful -- ./x", "--app graceful --from f.yaml", "--from no-such-file.yaml -- ./x",
		"--scenario none -- ./x", "--scenario pod-delete-slow -- ./x", "--scenario scale --replicas 1 -- ./x", "--replicas -1 -- ./x",
		"--ready maybe -- ./x", "--ready exec -- ./x", "--liveness tcp:80 -- ./x", "--pre-stop 5 -- ./x", "--pre-stop 1500ms -- ./x", "--grace soon -- ./x",
		"--request nonsense -- ./x", "--slow /slow -- ./x", "--rate 0 -- ./x", "--fast-rate -1 -- ./x", "--env NAME -- ./x",
		"--programming-delay -1s -- ./x", "--sources 99 -- ./x", "--output xml -- ./x", "--rounds 100 -- ./x", "--control -1s -- ./x", "--no-such-flag -- ./x",
		"--slo no-such-file.yaml -- ./x", "--scenario pod-delete-all-traffic -- ./x", "--scenario pod-delete-transactions -- ./x",
	} {
		if code := run(append([]string{"local", "--out", t.TempDir()}, strings.Fields(args)...)); code != exitConfig {
			t.Errorf("lastcall local %s: exit code %d", args, code)
		}
	}
}

func TestAProgramIsDeployedAsTheFlagsSay(t *testing.T) {
	f, _ := parsed(t, "--ready", "/ready", "--liveness", "exec check {port}", "--pre-stop", "5s", "--grace", "20s", "--env", "A=b=c", "--", "/usr/bin/My.Server", "--port", "{port}")
	p := f.deployed
	if p.Name != "my-server" || len(p.Command) != 3 || p.Readiness.HTTP.Path != "/ready" || strings.Join(p.Liveness.Exec, " ") != "check {port}" ||
		p.PreStop.Sleep != 5*time.Second || *p.Grace != 20*time.Second || p.Env["A"] != "b=c" {
		t.Errorf("%+v", p)
	}
	if bare, _ := parsed(t, "--", "./x"); !bare.deployed.Readiness.TCP || bare.deployed.PreStop != nil || bare.deployed.Liveness != nil {
		t.Errorf("%+v", bare.deployed)
	}
}

func TestAManifestIsTestedTogetherWithTheProgram(t *testing.T) {
	f, _ := parsed(t, "--from", "testdata/deployment.yaml", "--", "./orders")
	if p := f.deployed; p.Name != "orders" || *p.Grace != 45*time.Second || p.Readiness.HTTP.Path != "/ready" || p.Command[0] != "./orders" {
		t.Errorf("%+v", p)
	}
	if s := f.fitted(scenarios.Scenario{Replicas: 10}); s.Replicas != 1 {
		t.Errorf("%d replicas", s.Replicas)
	}
	if !strings.Contains(strings.Join(f.notHonoured, "\n"), "/data") {
		t.Errorf("the volume is not named among %q", f.notHonoured)
	}
	changed, _ := parsed(t, "--from", "testdata/deployment.yaml", "--grace", "9s", "--replicas", "4")
	if p := changed.deployed; *p.Grace != 9*time.Second || p.Command[0] != "/bin/orders" || changed.fitted(scenarios.Scenario{}).Replicas != 4 {
		t.Errorf("%+v", p)
	}
}

func TestOnlyApplicationsInTheBoxAreSentTrafficOfWhichFlagsDoNotSpeak(t *testing.T) {
	s, err := scenarios.Find("pod-delete-all-traffic")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := parsed(t, "--", "./x")
	if fitted := own.fitted(s); len(fitted.Loads) != len(own.loads()) || !strings.Contains(own.unserved(s), "--app") {
		t.Errorf("%+v, %q", fitted.Loads, own.unserved(s))
	}
	boxed := *own
	boxed.app = "graceful"
	if fitted := boxed.fitted(s); len(fitted.Loads) <= len(own.loads()) || len(fitted.Loads) != len(own.loads())+len(beside(s)) || boxed.unserved(s) != "" {
		t.Errorf("%+v, %q", fitted.Loads, boxed.unserved(s))
	}
	plain, err := scenarios.Find("pod-delete")
	if err != nil {
		t.Fatal(err)
	}
	if fitted := boxed.fitted(plain); len(fitted.Loads) != len(own.loads()) || own.unserved(plain) != "" {
		t.Errorf("%+v, %q", fitted.Loads, own.unserved(plain))
	}
}

func TestADrainIsUnderTheManifestsOwnBudgetAndNegativeControlsUnderTheirs(t *testing.T) {
	scenario := func(name string) scenarios.Scenario {
		s, err := scenarios.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	own, _ := parsed(t, "--from", "testdata/budget.yaml", "--", "./orders")
	if s := own.fitted(scenario("drain")); own.deployed.Budget == nil || s.Budget != nil || own.unfit(s) != "" {
		t.Errorf("with a budget of its own: %v, %q", s.Budget, own.unfit(s))
	}
	if s := own.fitted(scenario("drain-blocked")); s.Budget == nil || own.unfit(s) != "" {
		t.Errorf("blocked: %v, %q", s.Budget, own.unfit(s))
	}
	if why := own.unfit(own.fitted(scenario("drain-all-at-once"))); !strings.Contains(why, "budget.yaml has one") {
		t.Errorf("without a budget: %q", why)
	}
	none, _ := parsed(t, "--", "./x")
	if s := none.fitted(scenario("drain")); s.Budget == nil || none.unfit(s) != "" {
		t.Errorf("without a manifest: %v, %q", s.Budget, none.unfit(s))
	}
	few, _ := parsed(t, "--replicas", "1", "--", "./x")
	if why := few.unfit(few.fitted(scenario("drain"))); !strings.Contains(why, "each of the 2 nodes") {
		t.Errorf("one replica: %q", why)
	}
	if why := few.unfit(few.fitted(scenario("drain-all-at-once"))); why != "" {
		t.Errorf("one replica, all on one node: %q", why)
	}
}

func TestScenariosThatCannotBeAreLeftOutWithTheirReason(t *testing.T) {
	f, _ := parsed(t, "--replicas", "1", "--", "./x")
	notes := strings.Join(f.choose(everything{}), "\n")
	if !strings.Contains(notes, "pod-delete-slow is skipped: it needs a slow request") || !strings.Contains(notes, "scale is skipped") {
		t.Error(notes)
	}
	if len(f.chosen) != 2 || f.chosen[0].Name != "pod-delete" || f.chosen[1].Name != "rolling-update" {
		t.Errorf("%+v", f.chosen)
	}
	all, _ := parsed(t, "--slow", "/slow?for=4s", "--", "./x")
	if notes := all.choose(everything{}); len(notes) > 0 || len(all.chosen) != len(localScenarios) {
		t.Errorf("%q", notes)
	}
}

func TestRatesAreSharedByTheRequestsOfAClass(t *testing.T) {
	f, _ := parsed(t, "--request", "/a", "--request", "/b", "--slow", "/slow takes 3s", "--fast-rate", "100", "--", "./x")
	sum := map[record.Class]float64{}
	for _, l := range f.loads() {
		sum[l.Class] += l.Rate
	}
	if sum[record.NewFast] != 100 || sum[record.ReusedFast] != 100 || sum[record.NewSlow] != defaultSlowRate || len(f.loads()) != 5 {
		t.Errorf("%v", sum)
	}
}

func TestTheLineThatRepeatsALocalRunIsWholeAndHoldsNoSecret(t *testing.T) {
	args := []string{
		"--replicas", "4", "--pre-stop", "5s", "--programming-delay", "0s,2s", "--rate", "2", "--env", "API_TOKEN=hunter2", "--env", "MODE=a b",
		"--request", "GET / -H 'Authorization: Bearer hunter2'", "--slow", "/slow?for=4s", "--", "./server", "--name", "it's",
	}
	f, c := parsed(t, args...)
	line := f.line(c.Flags())(suites.Item{Scenario: "pod-delete"}, 7)
	if strings.Contains(line, "hunter2") {
		t.Fatal(line)
	}
	words, err := split(line)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := parsed(t, words[2:]...)
	if again.seed != 7 || again.replicas != 4 || again.rate != 2 || len(again.delays) != 2 || again.deployed.Env["MODE"] != "a b" ||
		again.outlasts() != 4*time.Second || again.deployed.PreStop.Sleep != 5*time.Second || again.command[2] != "it's" || len(again.scenarios) != 1 {
		t.Errorf("%s\n%+v", line, again)
	}
}

// everything is a platform that lacks nothing.
type everything struct{ fixtures.Platform }

func (everything) Missing(fixtures.Feature) string { return "" }
