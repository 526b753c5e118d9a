package reports

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/lastcall-dev/lastcall/fixtures/apps/graceful/server"
)

const (
	alertRules     = "alerts.yaml"
	alertRulesTest = "alerts_test.yaml"
)

// promtoolLimit bounds one call of promtool; it takes a tenth of a second.
const promtoolLimit = time.Minute

// promtool runs Prometheus' own tool where the rules are. Where it is not installed the test is skipped, except in CI,
// where it must not go unnoticed.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatal("no promtool in PATH (Debian: apt-get install prometheus): the alert rules were not tested")
	case err != nil:
		t.Skip("no promtool in PATH (Debian: apt-get install prometheus): the alert rules were not tested")
	}
	ctx, cancel := context.WithTimeout(t.Context(), promtoolLimit)
	defer cancel()
	command := exec.CommandContext(ctx, path, arguments...)
	command.Dir = "prometheus"
	if said, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
}

func TestTheAlertRulesAreValid(t *testing.T) {
	promtool(t, "check", "rules", alertRules)
}

func TestEachAlertFiresWhenItShouldAndOnlyThen(t *testing.T) {
	promtool(t, "test", "rules", alertRulesTest)
}

type alertRule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func shippedAlerts(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string      `json:"name"`
			Rules []alertRule `json:"rules"`
		} `json:"groups"`
	}
	readStrict(t, alertRules, &file)
	var out []alertRule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

func readStrict(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("prometheus", name))
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEachAlertSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	alerts := shippedAlerts(t)
	if len(alerts) < 5 {
		t.Errorf("only %d alerts", len(alerts))
	}
	for _, a := range alerts {
		summary, description := a.Annotations["summary"], a.Annotations["description"]
		if summary == "" || len(description) < 100 || a.Labels["severity"] == "" {
			t.Errorf("%s: summary %q, description %q, labels %v", a.Alert, summary, description, a.Labels)
		}
	}
}

func TestEachAlertIsTestedWhenItFiresAndWhenItDoesNot(t *testing.T) {
	var file struct {
		Files    []string `json:"rule_files"`
		Interval string   `json:"evaluation_interval"`
		Tests    []struct {
			Name     string              `json:"name"`
			Interval string              `json:"interval"`
			Series   []map[string]string `json:"input_series"`
			Alerts   []struct {
				At     string           `json:"eval_time"`
				Alert  string           `json:"alertname"`
				Firing []map[string]any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	readStrict(t, alertRulesTest, &file)
	fires, quiet := map[string]int{}, map[string]int{}
	for _, test := range file.Tests {
		for _, a := range test.Alerts {
			if len(a.Firing) > 0 {
				fires[a.Alert]++
			} else {
				quiet[a.Alert]++
			}
		}
	}
	for _, a := range shippedAlerts(t) {
		if fires[a.Alert] == 0 || quiet[a.Alert] == 0 {
			t.Errorf("%s: %d tests in which it fires, %d in which it does not", a.Alert, fires[a.Alert], quiet[a.Alert])
		}
	}
}

// appMetric are names of the application's own metrics in a rule.
var appMetric = regexp.MustCompile(`graceful_[a-z_]+`)

func TestTheAlertsAskForMetricsThatTheApplicationHas(t *testing.T) {
	service := server.New(server.Config{Name: "graceful", Pod: "pod"}, server.NewLog(t.Output(), time.Now()))
	answer := httptest.NewRecorder()
	service.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	page := answer.Body.String()
	seen := 0
	for _, a := range shippedAlerts(t) {
		for _, name := range appMetric.FindAllString(a.Expr, -1) {
			seen++
			if !strings.Contains(page, "\n"+name+"{") && !strings.Contains(page, "\n"+name+" ") {
				t.Errorf("%s asks for %s, which the application does not show", a.Alert, name)
			}
		}
		for _, outcome := range []string{"timeout", "aborted"} {
			if strings.Contains(a.Expr, outcome) && !strings.Contains(page, fmt.Sprintf("outcome=%q", outcome)) {
				t.Errorf("%s asks for the outcome %s, which there is not", a.Alert, outcome)
			}
		}
	}
	if seen < 3 {
		t.Errorf("only %d names were looked at", seen)
	}
}
