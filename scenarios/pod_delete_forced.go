package scenarios

import (
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "pod-delete-forced",
	Description: "Negative control: one pod is deleted with --grace-period=0 --force while slow requests are in flight at it. No application can pass.",
	Loads:       httpLoads(),
	Fault:       faults.PodDelete{Force: true, WhileSlow: 2},
	Needs:       []fixtures.Feature{fixtures.ForcedDeletion},
	Expect: &record.Expectation{
		Verdict: record.Fail, Diagnosis: "D2",
		Reason: "A forced delete takes the grace period away, so requests in flight cannot be answered.",
	},
})
