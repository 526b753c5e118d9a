package scenarios

import (
	"net/http"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-transactions",
	Description: "One pod is deleted while clients order (reserve, pay, confirm) and put jobs into a queue; afterwards the database is held against what they were told.",
	Loads:       withOrders(httpLoads()),
	Fault:       faults.PodDelete{},
	Needs:       []fixtures.Feature{fixtures.PodDeletion, fixtures.Database},
})

// withOrders adds orders and jobs. Three workers do 1.5 jobs a second, and two keep up with one.
func withOrders(loads []record.Load) []record.Load {
	return append(loads,
		record.Load{Class: record.Transactions, Rate: 5, Method: http.MethodPost, Path: "/"},
		record.Load{Class: record.Jobs, Rate: 1, Method: http.MethodPost, Path: "/"},
	)
}
