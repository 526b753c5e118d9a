package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "database-kill",
	Description: "The database's main process is killed in the middle of orders and jobs, and comes back with its data: none is lost, half done or done twice.",
	Loads:       withOrders(httpLoads()),
	Fault:       faults.DatabaseKill{},
	Needs:       []fixtures.Feature{fixtures.Database},
	// kubelet holds a container back that ends again and again: 10 s the second time, longer than clients wait the fourth.
	Rounds: 2,
})
