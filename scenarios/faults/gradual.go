package faults

import "time"

// Gradual is a fault that takes effect bit by bit: pods are replaced one after another, for instance. HappensWithin is
// how long it may take from its acceptance until Happened is true.
type Gradual interface{ HappensWithin() time.Duration }
