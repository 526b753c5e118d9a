package scenarios

import (
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "scale",
	Description: "The service is scaled from four pods to one and back under load, so that several pods end at once.",
	Loads:       httpLoads(),
	Fault:       faults.Scale{To: 1, Hold: 5 * time.Second},
	Needs:       []fixtures.Feature{fixtures.Scaling},
	Replicas:    4,
})
