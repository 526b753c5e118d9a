package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-slow",
	Description: "One pod is deleted while slow requests are known to be in flight at it: accepted there, not yet answered in full.",
	Loads:       httpLoads(),
	Fault:       faults.PodDelete{WhileSlow: 2},
	Needs:       []fixtures.Feature{fixtures.PodDeletion},
})
