package suites

import (
	"slices"
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

func TestEverySuiteNamesScenariosAndApplicationsThatThereAre(t *testing.T) {
	for _, suite := range All() {
		if len(suite.Items) == 0 {
			t.Errorf("suite %s is empty", suite.Name)
		}
		for _, item := range suite.Items {
			if _, err := scenarios.Find(item.Scenario); err != nil {
				t.Errorf("suite %s: %v", suite.Name, err)
			}
			if _, err := apps.Find(item.App); err != nil {
				t.Errorf("suite %s: %v", suite.Name, err)
			}
		}
	}
}

func TestSomeSuiteHoldsEveryBrokenApplicationToItsDiagnosis(t *testing.T) {
	for _, app := range apps.All() {
		if !slices.ContainsFunc(All(), func(s Suite) bool { return slices.ContainsFunc(s.Items, func(i Item) bool { return holds(t, i, app) }) }) {
			t.Errorf("no suite runs %s with traffic that shows what is wrong with it", app.Name)
		}
	}
}

// holds reports whether the item runs the application under traffic that shows what is wrong with it.
func holds(t *testing.T, item Item, app apps.App) bool {
	t.Helper()
	if item.App != app.Name {
		return false
	}
	scenario, err := scenarios.Find(item.Scenario)
	if err != nil {
		t.Error(err)
	}
	return len(app.Shows) == 0 || slices.ContainsFunc(scenario.Loads, func(l record.Load) bool { return slices.Contains(app.Shows, l.Class) })
}

func TestNoRunIsInTwoSuites(t *testing.T) {
	in := map[Item]string{}
	for _, suite := range All() {
		for _, item := range suite.Items {
			if other := in[item]; other != "" {
				t.Errorf("%s is in %s and in %s", item, other, suite.Name)
			}
			in[item] = suite.Name
		}
	}
}
