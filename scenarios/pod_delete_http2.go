package scenarios

import (
	"net/http"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-http2",
	Description: "One pod is deleted under load over HTTP/2 and gRPC, streams included, beside new connections and slow requests of HTTP/1.1.",
	Loads: append([]record.Load{
		{Class: record.NewFast, Rate: 180, Method: http.MethodGet, Path: "/"},
		{Class: record.NewSlow, Rate: 2, Method: http.MethodGet, Path: "/slow?for=8s", Takes: 8 * time.Second},
	}, multiplexedLoads()...),
	Fault: faults.PodDelete{},
	Needs: []fixtures.Feature{fixtures.PodDeletion},
})

// multiplexedLoads are requests over HTTP/2 and gRPC, and gRPC streams of 20 s, so many that each pod has some that stood
// when it was asked to end and outlast a short grace period.
func multiplexedLoads() []record.Load {
	const service, takes = "/lastcall.v1.Reference", 20 * time.Second
	return []record.Load{
		{Class: record.HTTP2Fast, Rate: 180, Method: http.MethodGet, Path: "/"},
		{Class: record.GRPCFast, Rate: 180, Method: http.MethodPost, Path: service + "/Echo"},
		{Class: record.GRPCStream, Rate: 2, Method: http.MethodPost, Path: service + "/Count?for=" + takes.String() + "&every=500ms", Takes: takes},
	}
}
