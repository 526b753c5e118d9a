// Package assertions judges a recorded run. Each check is a pure function of a record.Run: it reads no clock, no cluster
// and no file, so a saved run gives the same findings again.
//
// There are three kinds of check. A guarantee is broken by a single event. An SLO is a rate or a latency held against a
// figure. The harness check, load-was-real, judges lastcall itself: whether the traffic and the fault were what the run
// claims.
//
// # How the verdict of a run follows from its findings
//
// A fail outweighs an unknown and an unknown outweighs a pass; skipped and waived findings do not count. Where the
// harness itself is in doubt (load-was-real is unknown) two things change:
//
//   - An SLO that failed becomes unknown: a rate that a slow machine, a stalled generator or an unhealthy service before
//     the fault may have caused says nothing of the shutdown.
//   - A guarantee that failed stays failed. It rests on an event that was seen at a terminating pod (its listener
//     refused, its exit code, a request that it had accepted and cut), and no doubt about the rest of the traffic undoes
//     that. Where all that was seen is answers that did not come in time, a slow machine may be why, and it becomes
//     unknown. Passes stay as they are in the list, and the run is unknown at best.
//
// So a run whose generator was stopped or whose agent died is never a pass. Nor is one whose record contradicts itself,
// one of which everything about the service was waived or skipped, or one with a waiver that names no check; load-was-real
// itself cannot be waived. A request that failed outside the windows whose rate is judged keeps its class from passing.
package assertions
