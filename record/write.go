package record

import "time"

// Write is one attempt to change an object of the Kubernetes API, or to read what earlier attempts came to. Each writer
// has objects of its own and never two attempts under way for one of them, so the attempts of an object follow each other.
type Write struct {
	Agent  string    `json:"agent"`
	Node   string    `json:"node"`   // that the agent is on
	Writer string    `json:"writer"` // whose object it is; the label of its objects
	Verb   WriteVerb `json:"verb"`
	Object string    `json:"object"`
	// Sequence numbers the attempts of the writer from 1. An object that was written carries the number of the attempt.
	Sequence int `json:"sequence"`
	// Due is when the schedule wanted it; 0 for one that was made beside the schedule, after the load.
	Due   time.Duration `json:"due"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	// Sent is the resourceVersion that the object had to have; "" none. Stale: it was on purpose one that it no longer had.
	Sent  string `json:"sent,omitempty"`
	Stale bool   `json:"stale,omitempty"`
	// Returned is the object's resourceVersion by the answer; "" where the answer has none, as that to a delete.
	Returned string `json:"returned,omitempty"`
	// Held is the number that the object carried when it was read; 0: it carried none, or with 404 it was not there.
	Held    int          `json:"held,omitempty"`
	Code    int          `json:"code,omitempty"` // HTTP status; 0: no answer
	Kind    ErrKind      `json:"kind,omitempty"`
	Error   string       `json:"error,omitempty"` // bounded
	Outcome WriteOutcome `json:"outcome"`
	// Resolved is what a read afterwards said of an indeterminate attempt. WriteNotDone is not final before the next
	// acknowledged write of the object: a request may lie in the server for longer than its client waits.
	Resolved Resolution `json:"resolved,omitempty"`
}

// WriteVerb is what an attempt was to do.
type WriteVerb string

// The verbs of attempts. A read changes nothing.
const (
	VerbCreate WriteVerb = "create"
	VerbUpdate WriteVerb = "update"
	VerbDelete WriteVerb = "delete"
	VerbRead   WriteVerb = "get"
)

// WriteOutcome is how an attempt went, as its writer knows it.
type WriteOutcome string

// The outcomes. A read is acknowledged when it was answered, also that nothing is there, and otherwise refused.
const (
	WriteAcknowledged  WriteOutcome = "acknowledged"
	WriteConflicted    WriteOutcome = "refused as expected" // a stale resourceVersion, answered with 409
	WriteRefused       WriteOutcome = "refused"             // surely not done: the answer says so, or it was never sent
	WriteIndeterminate WriteOutcome = "indeterminate"       // sent, and no answer tells whether it was done
)

// Resolution is what became of an attempt whose answer was lost.
type Resolution string

// The resolutions. Empty: nobody could tell.
const (
	WriteDone    Resolution = "done"
	WriteNotDone Resolution = "not done"
)

func (w *Write) of(agent, node string, offset time.Duration) {
	w.Agent, w.Node = agent, node
	shift(offset, &w.Due, &w.Began, &w.Ended)
}

// Listing is what was there of a writer's objects after its last write, by a consistent list of the API server's.
type Listing struct {
	Agent   string        `json:"agent"`
	Node    string        `json:"node"` // that the agent is on
	Writer  string        `json:"writer"`
	Began   time.Duration `json:"began"`
	Ended   time.Duration `json:"ended"`
	Tries   int           `json:"tries"`             // until the API server answered
	Version string        `json:"version,omitempty"` // resourceVersion of the list; "" when there is none
	Objects []Listed      `json:"objects,omitempty"`
	Error   string        `json:"error,omitempty"` // why there is none
}

// Listed is one object of a listing.
type Listed struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Held    int    `json:"held"` // number of the attempt that it carries; 0: none that can be read
}

func (l *Listing) of(agent, node string, offset time.Duration) {
	l.Agent, l.Node = agent, node
	shift(offset, &l.Began, &l.Ended)
}
