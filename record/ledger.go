package record

import (
	"slices"
	"time"
)

// Ledger is what clients wrote down of what takes more than one request, or none: streams, watches, transactions, writes
// of API objects, jobs, and what connections of many requests were told. Times are durations since the run began.
type Ledger struct {
	Streams      []Stream      `json:"streams,omitempty"`
	Watches      []Watch       `json:"watches,omitempty"`
	Transactions []Transaction `json:"transactions,omitempty"`
	Jobs         []Job         `json:"jobs,omitempty"`
	Writes       []Write       `json:"writes,omitempty"`
	Listings     []Listing     `json:"listings,omitempty"`
	Connections  []Connection  `json:"connections,omitempty"`
}

// Append adds the entries of another ledger.
func (l *Ledger) Append(other Ledger) {
	l.Streams = append(l.Streams, other.Streams...)
	l.Watches = append(l.Watches, other.Watches...)
	l.Transactions = append(l.Transactions, other.Transactions...)
	l.Jobs = append(l.Jobs, other.Jobs...)
	l.Writes = append(l.Writes, other.Writes...)
	l.Listings = append(l.Listings, other.Listings...)
	l.Connections = append(l.Connections, other.Connections...)
}

// Of returns a copy of the ledger as the agent's on that node, with the offset added to each time that is set.
func (l Ledger) Of(agent, node string, offset time.Duration) Ledger {
	return Ledger{
		Streams:      moved(l.Streams, func(s *Stream) { s.of(agent, node, offset) }),
		Watches:      moved(l.Watches, func(w *Watch) { w.of(agent, node, offset) }),
		Transactions: moved(l.Transactions, func(t *Transaction) { t.of(agent, node, offset) }),
		Jobs:         moved(l.Jobs, func(j *Job) { j.of(agent, node, offset) }),
		Writes:       moved(l.Writes, func(w *Write) { w.of(agent, node, offset) }),
		Listings:     moved(l.Listings, func(g *Listing) { g.of(agent, node, offset) }),
		Connections:  moved(l.Connections, func(c *Connection) { c.of(agent, node, offset) }),
	}
}

func moved[T any](entries []T, move func(*T)) []T {
	out := slices.Clone(entries)
	for i := range out {
		move(&out[i])
	}
	return out
}

// shift moves times that are set.
func shift(offset time.Duration, times ...*time.Duration) {
	for _, t := range times {
		if *t != 0 {
			*t += offset
		}
	}
}

// Ledgered reports whether what became of the class's requests is in the ledger, where a check of its own judges it: their
// client repeats what got no answer, so that a share of failed requests would say nothing.
func (c Class) Ledgered() bool { return c == Transactions || c == Jobs }
