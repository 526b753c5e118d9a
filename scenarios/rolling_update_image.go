package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "rolling-update-image",
	Description: "All ten pods are replaced by such as run another image under load, as kubectl set image does.",
	Loads:       rolloutLoads(),
	Fault:       faults.RollingUpdateImage{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate, fixtures.ImageChange},
	Replicas:    10,
})
