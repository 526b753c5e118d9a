package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-slow-programming",
	Description: "One pod is deleted while kube-proxy is stopped on every node that traffic comes from, as if the cluster were large: connections go on reaching the pod for seconds.",
	Loads:       httpLoads(),
	Fault:       faults.During{Outer: faults.SlowProgramming{}, Inner: faults.PodDelete{}},
	Needs:       []fixtures.Feature{fixtures.PodDeletion, fixtures.ProxyControl},
})
