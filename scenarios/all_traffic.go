package scenarios

import (
	"net/http"
	"slices"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-all-traffic",
	Description: "One pod is deleted while every kind of traffic runs at once: requests over HTTP/1.1, HTTP/2 and gRPC, streams, the application's own watch, and writes and watches of objects of the Kubernetes API.",
	// Three rounds, of 12 s and more each, decide the error rate of each class.
	Loads:   everyLoad(fastAndSlow(120, 120), 120),
	Clients: objectClients(),
	Fault:   faults.PodDelete{},
	Needs:   []fixtures.Feature{fixtures.PodDeletion},
})

var _ = register(Scenario{
	Name:        "rolling-update-all-traffic",
	Description: "All ten pods are replaced one after another while every kind of traffic runs at once: requests over HTTP/1.1, HTTP/2 and gRPC, streams, the application's own watch, and writes and watches of objects of the Kubernetes API.",
	// No fewer new connections measure the removal of each of ten pods well enough; the rest is so much that there are not
	// more requests in all than otherwise.
	Loads:    everyLoad(fastAndSlow(230, 60), 60),
	Clients:  objectClients(),
	Fault:    faults.RollingUpdate{},
	Needs:    []fixtures.Feature{fixtures.RollingUpdate},
	Replicas: 10,
})

// everyLoad adds to requests, of which there are fewer than otherwise, all else that a service serves: so many a second over
// HTTP/2 and over gRPC, streams and watches. What the application has no answer for is left out (Scenario.loadsFor).
func everyLoad(requests []record.Load, multiplexed float64) []record.Load {
	return slices.Concat(requests, []record.Load{
		{Class: record.HTTP2Fast, Rate: multiplexed, Method: http.MethodGet, Path: "/"},
		{Class: record.GRPCFast, Rate: multiplexed, Method: http.MethodPost, Path: "/lastcall.v1.Reference/Echo"},
	}, lastingLoads())
}
