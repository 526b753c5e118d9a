package record

import "time"

// Transaction is TODO of the slice that owns it.
type Transaction struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

func (t *Transaction) of(agent, node string, offset time.Duration) {
	t.Agent, t.Node = agent, node
	shift(offset, &t.Began, &t.Ended)
}
