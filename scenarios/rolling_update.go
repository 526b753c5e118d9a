package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "rolling-update",
	Description: "All ten pods are replaced one after another under load, as kubectl rollout restart does.",
	Loads:       rolloutLoads(),
	Fault:       faults.RollingUpdate{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate},
	Replicas:    10,
})
