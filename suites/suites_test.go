package suites

import (
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
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

func TestTheGateHoldsEveryBrokenApplicationToItsDiagnosis(t *testing.T) {
	for _, app := range apps.All() {
		found := false
		for _, item := range Gate().Items {
			found = found || item.App == app.Name
		}
		if !found {
			t.Errorf("the gate never runs %s", app.Name)
		}
	}
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
