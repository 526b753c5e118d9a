package record

import "time"

// Connection is TODO of the slice that owns it.
type Connection struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

func (c *Connection) of(agent, node string, offset time.Duration) {
	c.Agent, c.Node = agent, node
	shift(offset, &c.Began, &c.Ended)
}
