package scenarios

import (
	"slices"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-all-traffic",
	Description: "One pod is deleted while every kind of traffic runs at once: requests, streams, the application's own watch, and writes and watches of objects of the Kubernetes API.",
	// A round lasts for as long as the pod's last download, some 15 s: three of them decide the error rate.
	Loads:   everyLoad(fastAndSlow(100, 100)),
	Clients: objectClients(),
	Fault:   faults.PodDelete{},
	Needs:   []fixtures.Feature{fixtures.PodDeletion},
})

var _ = register(Scenario{
	Name:        "rolling-update-all-traffic",
	Description: "All ten pods are replaced one after another while every kind of traffic runs at once: requests, streams, the application's own watch, and writes and watches of objects of the Kubernetes API.",
	Loads:       everyLoad(fastAndSlow(115, 75)),
	Clients:     objectClients(),
	Fault:       faults.RollingUpdate{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate},
	Replicas:    10,
})

// everyLoad adds to requests, of which there are about half as many as otherwise, all else that a service serves.
func everyLoad(requests []record.Load) []record.Load {
	return slices.Concat(requests, lastingLoads())
}
