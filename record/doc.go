// Package record holds what one run of a scenario saw: every request that was sent, everything that the cluster did,
// what was injected, and what the checks said of it afterwards.
//
// A run is recorded first and judged later. So this package imports nothing of lastcall: the checks are pure functions
// of a Run, the reports render a Run, and a saved Run can be judged again without a cluster.
//
// All times are durations since Run.Began on the monotonic clock of the command. A time that was read on another clock
// (an agent's, a node's) has been moved to that clock with the offset in Run.Clocks, and carries that measurement's
// uncertainty wherever the two are compared.
package record
