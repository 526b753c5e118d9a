package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "rolling-update-undone",
	Description: "The image of ten pods is changed under load, and when half of them are replaced that is taken back, as kubectl rollout undo does.",
	Loads:       rolloutLoads(),
	Fault:       faults.RollingUpdateUndone{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate, fixtures.ImageChange, fixtures.RolloutUndo},
	Replicas:    10,
})
