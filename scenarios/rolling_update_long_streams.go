package scenarios

import (
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// A stream as long as the answer of a language model, which its client does not know how to take up again: pods have to
// finish it, and need the grace period for that.
const longStream = 90 * time.Second

var _ = register(Scenario{
	Name:        "rolling-update-long-streams",
	Description: "All pods are replaced one after another while streams of 90 s run, which pods have the grace period to finish.",
	Loads:       longStreams(),
	Fault:       faults.RollingUpdate{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate},
	Grace:       150 * time.Second,
	Rounds:      1,
})

var _ = register(Scenario{
	Name:        "rolling-update-long-streams-cut",
	Description: "Negative control: the same, with the grace period that most teams have. It is too short for the streams, and pods give up on them.",
	Loads:       longStreams(),
	Fault:       faults.RollingUpdate{},
	Needs:       []fixtures.Feature{fixtures.RollingUpdate},
	Grace:       60 * time.Second,
	Rounds:      1,
	Expect: &record.Expectation{
		Verdict: record.Fail, Diagnosis: "F11",
		Reason: "streams of 90 s that are to be finished do not fit into a grace period of 60 s",
	},
})

// longStreams are requests, and beside them streams that the application is asked to finish.
func longStreams() []record.Load {
	loads := httpLoads()
	for _, l := range []record.Load{
		streamLoad(record.EventStream, "/events", longStream, 0.3),
		streamLoad(record.SocketStream, "/socket", longStream, 0.3),
	} {
		l.Path += "&drain=finish"
		loads = append(loads, l)
	}
	return loads
}
