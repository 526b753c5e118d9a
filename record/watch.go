package record

import "time"

// Watch is TODO of the slice that owns it.
type Watch struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

func (w *Watch) of(agent, node string, offset time.Duration) {
	w.Agent, w.Node = agent, node
	shift(offset, &w.Began, &w.Ended)
}
