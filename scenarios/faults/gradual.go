package faults

import "time"

// Gradual is a fault that takes effect bit by bit: pods are replaced one after another, for instance. HappensWithin is
// how long it may take from its acceptance until Happened is true.
type Gradual interface{ HappensWithin() time.Duration }

// Lengthy is a fault that takes long until it is accepted, because that is when it has ended: a drain, for instance.
// InjectWithin is how long Inject may take.
type Lengthy interface{ InjectWithin() time.Duration }

// Settling is a fault whose consequences go on after it is over: whoever lost a connection makes a new one and asks for
// everything again. Settles is for how long the round goes on then.
type Settling interface{ Settles() time.Duration }
