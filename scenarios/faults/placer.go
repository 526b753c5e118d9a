package faults

import "github.com/lastcall-dev/lastcall/record"

// Placer is a fault that hits nodes. Avoid names those that must have no agent, by the seed alone where there is a choice;
// none where the fault cannot hit any.
type Placer interface {
	Avoid(nodes []record.Node, seed int64) []string
}
