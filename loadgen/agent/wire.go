package agent

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// States of an agent.
const (
	Starting = "starting" // the target has not answered yet; Status.Error says why
	Ready    = "ready"    // waits to be started
	Running  = "running"  // sends
	Stopping = "stopping" // sends no more, what is in flight ends
	Stopped  = "stopped"  // all records are there
	Failed   = "failed"   // the traffic was not what was asked for; Status.Error says why; the records that there are can be had
)

// Status is how an agent is doing. Times are on its own clock.
type Status struct {
	State    string        `json:"state"`
	Now      time.Duration `json:"now"`      // when this was so
	Sent     uint64        `json:"sent"`     // requests begun
	Answered uint64        `json:"answered"` // ended well
	Failed   uint64        `json:"failed"`   // ended in a failure of the service
	// Lateness is the worst of the last second or two, counting what is due and not begun.
	Lateness time.Duration  `json:"lateness"`
	InFlight []InFlight     `json:"inFlight,omitempty"`
	Probes   []record.Probe `json:"probes,omitempty"`
	Error    string         `json:"error,omitempty"`
}

// InFlight is a slow request that has not ended, at a pod that is known: because its answer has begun, or because the
// connection says where it leads. Times are on the agent's clock; FirstByte is 0 until the answer begins.
type InFlight struct {
	Pod       string        `json:"pod"`
	Class     record.Class  `json:"class"`
	Started   time.Duration `json:"started"`
	FirstByte time.Duration `json:"firstByte"`
	Takes     time.Duration `json:"takes"`
}

// ProbeRequest asks for a probe of a pod's own address until it is gone or the limit is reached. 0 is the default of
// loadgen.NewProber. A second request for the same pod and address changes nothing.
type ProbeRequest struct {
	Pod      string        `json:"pod"`
	Address  string        `json:"address"`
	Interval time.Duration `json:"interval,omitempty"`
	Limit    time.Duration `json:"limit,omitempty"`
}

// Records are everything that an agent recorded, on its own clock. Requests are in the order in which they were due and
// Seq numbers them from 1 within the agent.
type Records struct {
	Agent string
	Node  string
	// Began and Ended are when it began and stopped to send.
	Began, Ended time.Duration
	Sent         uint64 // requests begun; fewer Requests than that are a loss
	Requests     []record.Request
	Probes       []record.Probe
	Ledger       record.Ledger
	Error        string // why the agent failed; "" when it did not
}

// clock is the answer of GET /clock.
type clock struct {
	Mono time.Duration `json:"mono"` // since the agent's epoch, in ns
}

// preamble is the first line of GET /records, one line for each request follows.
type preamble struct {
	Agent  string         `json:"agent"`
	Node   string         `json:"node"`
	Began  time.Duration  `json:"began"`
	Ended  time.Duration  `json:"ended"`
	Sent   uint64         `json:"sent"`
	Probes []record.Probe `json:"probes,omitempty"`
	Ledger record.Ledger  `json:"ledger,omitzero"`
	Error  string         `json:"error,omitempty"`
}

// trailer is the last line of GET /records. A stream without it was cut.
type trailer struct {
	Count  uint64 `json:"count"`  // of requests
	SHA256 string `json:"sha256"` // of all bytes before this line, before compression, in hexadecimal
}
