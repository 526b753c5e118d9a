package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "database-cut",
	Description: "The network between the application and its database is cut for ten seconds in the middle of orders and jobs: none is lost, half done or done twice.",
	Loads:       withOrders(httpLoads()),
	Fault:       faults.DatabaseCut{},
	Needs:       []fixtures.Feature{fixtures.Database, fixtures.DatabaseNetwork},
	Rounds:      2,
})
