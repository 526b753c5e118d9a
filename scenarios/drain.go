package scenarios

import (
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// budgetOf is a PodDisruptionBudget's maxUnavailable.
func budgetOf(pods int) *int { return &pods }

var _ = register(Scenario{
	Name:        "drain",
	Description: "One node is drained under load, as kubectl drain does: cordoned, its pods evicted as their budget allows, and uncordoned afterwards.",
	Loads:       httpLoads(),
	Fault:       faults.Drain{},
	Needs:       []fixtures.Feature{fixtures.NodeDrain},
	// Four on each of two workers: three evictions wait for a successor of the one before, and the round is long enough
	// to decide the error rate.
	Replicas: 8,
	Budget:   budgetOf(1),
})

var _ = register(Scenario{
	Name:        "drain-blocked",
	Description: "Negative control: one node is drained, and the application's budget allows no eviction at all. The drain gives up at its time limit.",
	Loads:       httpLoads(),
	Fault:       faults.Drain{Timeout: 30 * time.Second},
	Needs:       []fixtures.Feature{fixtures.NodeDrain},
	Replicas:    4,
	Budget:      budgetOf(0),
	Expect: &record.Expectation{
		Verdict: record.Fail, Diagnosis: "F15",
		Reason: "a budget that allows no disruption refuses every eviction, so the node can never be drained",
	},
})

var _ = register(Scenario{
	Name:        "drain-all-at-once",
	Description: "Negative control: all replicas run on the node that is drained, and no budget holds their evictions back.",
	Loads:       httpLoads(),
	Fault:       faults.Drain{},
	Needs:       []fixtures.Feature{fixtures.NodeDrain},
	Together:    true,
	Expect: &record.Expectation{
		Verdict: record.Fail, Diagnosis: "F16",
		Reason: "evicted all at once, no replica is left until new ones are ready elsewhere",
	},
})
