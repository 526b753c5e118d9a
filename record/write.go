package record

import "time"

// Write is TODO of the slice that owns it.
type Write struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

func (w *Write) of(agent, node string, offset time.Duration) {
	w.Agent, w.Node = agent, node
	shift(offset, &w.Began, &w.Ended)
}
