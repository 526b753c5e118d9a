package record

import "time"

// Audit is what the service's database held after the traffic had ended, before anything was taken down. Times are durations
// since the run began, moved from the database's clock.
type Audit struct {
	Began time.Duration `json:"began"` // when the auditor began to look
	// At is when the rows were read, all at one moment: when no job was left to be done, or the auditor's time was over.
	At    time.Duration `json:"at"`
	Clock Clock         `json:"clock"` // of the database against the command's; the offset is in the times already
	// Error says why the database could not be read. There are no rows then, and nothing follows from that.
	Error        string               `json:"error,omitempty"`
	Stock        []Stock              `json:"stock,omitempty"`
	Transactions []AuditedTransaction `json:"transactions,omitempty"`
	Jobs         []AuditedJob         `json:"jobs,omitempty"`
}

// Stock is one item of what can be reserved.
type Stock struct {
	Item      string `json:"item"`
	Initial   int    `json:"initial"`
	Available int    `json:"available"` // never below 0
	Reserved  int    `json:"reserved"`  // rows of reservations; Initial - Available in a database that adds up
}

// AuditedTransaction is what the database holds of one transaction. A step that was done once has one row of each kind.
type AuditedTransaction struct {
	ID        string `json:"id"`
	Reserved  Rows   `json:"reserved,omitzero"`
	Paid      Rows   `json:"paid,omitzero"`
	Withdrawn Rows   `json:"withdrawn,omitzero"` // the stock that was paid for, for good: belongs to the payment
	Confirmed Rows   `json:"confirmed,omitzero"`
}

// Rows are those of one kind, with when the first and the last was written.
type Rows struct {
	Count int           `json:"count"`
	First time.Duration `json:"first"`
	Last  time.Duration `json:"last"`
}

// Add counts one more row.
func (r *Rows) Add(at time.Duration) {
	if r.Count == 0 || at < r.First {
		r.First = at
	}
	if r.Count == 0 || at > r.Last {
		r.Last = at
	}
	r.Count++
}

// AuditedJob is what the database holds of one job.
type AuditedJob struct {
	ID string `json:"id"`
	// Enqueued are its rows in the queue, and Open how many of them were not done when the database was read.
	Enqueued Rows     `json:"enqueued"`
	Open     int      `json:"open,omitempty"`
	Runs     []JobRun `json:"runs,omitempty"` // in the order in which they began
}

// JobRun is one time that a worker took the job.
type JobRun struct {
	Pod   string        `json:"pod"` // that the worker says it is in
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended,omitempty"` // 0: it never finished it
}

// Kinds of events of the service's database, where the harness runs one. Object: its pod, or "database".
const (
	DatabaseEnded = "DatabaseEnded" // its process has ended
	DatabaseReady = "DatabaseReady" // it accepts connections
	// The network between it and the application was cut, and is as before. Object: the node that it runs on.
	DatabaseCut    = "DatabaseCut"
	DatabaseJoined = "DatabaseJoined"
)
