package loadgen

import "github.com/lastcall-dev/lastcall/record"

// Slow requests open a connection each. They are the ones that Progress lists while they are in flight, so that a
// disruption can be aimed at a pod that is known to be busy.
var _ = register(record.NewSlow, newConnections)
