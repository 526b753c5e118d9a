package scenarios

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

func TestAgentsKeepAwayFromTheNodeThatTheFaultHits(t *testing.T) {
	nodes := []record.Node{{Name: "cp", Roles: "control-plane"}, {Name: "w1", Roles: "worker"}, {Name: "w2", Roles: "worker"}}
	for name, c := range map[string]struct {
		scenario Scenario
		avoids   bool
		together bool
	}{
		"a drain":                  {Scenario{Fault: faults.Drain{}}, true, false},
		"a drain of all":           {Scenario{Fault: faults.Drain{}, Together: true}, true, true},
		"a drain during something": {Scenario{Fault: faults.During{Inner: faults.Drain{}}}, true, false},
		"a delete":                 {Scenario{Fault: faults.PodDelete{}, Together: true}, false, false},
		"no fault":                 {Scenario{}, false, false},
	} {
		x := &execution{scenario: c.scenario, run: &record.Run{Nodes: nodes}}
		spec := x.placed(fixtures.StageSpec{RunID: "r"})
		if (len(spec.Avoid) == 1) != c.avoids || (spec.Together != "") != c.together || spec.RunID != "r" {
			t.Errorf("%s: %+v", name, spec)
		}
		if c.together && spec.Together != spec.Avoid[0] {
			t.Errorf("%s: gathered on %s, drained is %v", name, spec.Together, spec.Avoid)
		}
	}
}

func TestAFaultThatTakesLongIsWaitedForAsLongAsItSays(t *testing.T) {
	limits := Limits{Inject: time.Second, Happen: 2 * time.Second}
	for name, c := range map[string]struct {
		fault          faults.Fault
		inject, happen time.Duration
	}{
		"a delete":                    {faults.PodDelete{}, limits.Inject, limits.Happen},
		"a roll-out":                  {faults.RollingUpdate{}, limits.Inject, faults.RollingUpdate{}.HappensWithin()},
		"a drain":                     {faults.Drain{}, faults.Drain{}.InjectWithin(), limits.Happen},
		"a roll-out during something": {faults.During{Inner: faults.RollingUpdate{}}, limits.Inject, faults.RollingUpdate{}.HappensWithin()},
		"none":                        {nil, limits.Inject, limits.Happen},
	} {
		x := &execution{scenario: Scenario{Fault: c.fault}, options: Options{Limits: limits}}
		if x.injectWithin() != c.inject || x.happensWithin() != c.happen {
			t.Errorf("%s: %v and %v", name, x.injectWithin(), x.happensWithin())
		}
	}
}

// without is a platform that lacks a feature.
type without struct {
	fixtures.Platform
	feature fixtures.Feature
}

func (w without) Missing(f fixtures.Feature) string {
	if f == w.feature {
		return "there is none"
	}
	return ""
}

func TestClientsOfTheAPIAreLeftOutWhereThereIsNone(t *testing.T) {
	s := Scenario{Clients: objectClients()}
	if got := s.clientsOn(without{feature: fixtures.APIClients}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := s.clientsOn(without{feature: fixtures.APIServer}); len(got) != 1 || s.Missing(without{feature: fixtures.APIClients}) != "" {
		t.Errorf("%+v", got)
	}
}
