package record

import "time"

// Stream is TODO of the slice that owns it.
type Stream struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

func (s *Stream) of(agent, node string, offset time.Duration) {
	s.Agent, s.Node = agent, node
	shift(offset, &s.Began, &s.Ended)
}
