package record

import "time"

// Jobs are requests that put a job into a queue, each with an idempotency key and on a new connection. A worker does the
// job later.
const Jobs Class = "job/http1"

// Enqueue is the step of an attempt that puts a job into the queue.
const Enqueue = "enqueue"

// Job is one job as the client that asked for it saw it. That it is done is for the audit to say.
type Job struct {
	Agent string `json:"agent"`
	Node  string `json:"node"` // that the agent is on
	// ID is unique in the run, and the idempotency key of every attempt.
	ID    string        `json:"id"`
	Takes time.Duration `json:"takes"` // how long the worker is busy with it
	Due   time.Duration `json:"due"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	// Acknowledged: the client was told that the job is in the queue. Otherwise it gave up, and does not know.
	Acknowledged bool      `json:"acknowledged"`
	Attempts     []Attempt `json:"attempts"`
	Canceled     bool      `json:"canceled,omitempty"` // as for a transaction
}

func (j *Job) of(agent, node string, offset time.Duration) {
	j.Agent, j.Node = agent, node
	shift(offset, &j.Due, &j.Began, &j.Ended)
	j.Attempts = movedAttempts(j.Attempts, offset)
}
