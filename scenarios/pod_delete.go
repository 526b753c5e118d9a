package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete",
	Description: "One pod is deleted under load, as kubectl delete pod does.",
	Loads:       httpLoads(),
	Fault:       faults.PodDelete{},
	Needs:       []fixtures.Feature{fixtures.PodDeletion},
})
