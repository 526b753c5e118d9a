package record

import (
	"strings"
	"time"
)

// Attributes of a fault that holds up what nodes program.
const (
	// DelayNodes are the nodes, comma-separated.
	DelayNodes = "nodes"
	// DelayLength is for how long, as a time.Duration is written, counted from Fault.Ended at the latest.
	DelayLength = "delay"
)

// Delay is a stretch of time in which a fault kept a node from programming its endpoints.
type Delay struct {
	Node        string
	Began       time.Duration
	Ended       time.Duration
	Uncertainty time.Duration // of the end
}

// Overlap is how much of the stretch from one time to another lies in the delay.
func (d Delay) Overlap(from, to time.Duration) time.Duration {
	return max(min(to, d.Ended)-max(from, d.Began), 0)
}

// lateTimer is how late a node's timer may end a delay on a machine that is busy. What is seen later is no part of it.
const lateTimer = time.Second

// Delays are those that faults injected, a node at a time. A delay begins when the node's kube-proxy was asked to stop
// and ends when it was seen to run again; where nobody saw that in time, when its length was over.
func (r *Run) Delays() []Delay {
	var out []Delay
	for _, f := range r.Faults {
		length, err := time.ParseDuration(f.Attr[DelayLength])
		if err != nil || !f.Happened {
			continue
		}
		for _, node := range strings.Split(f.Attr[DelayNodes], ",") {
			d := Delay{Node: node, Began: f.Began, Ended: f.Ended + length, Uncertainty: f.Ended - f.Began}
			if e, seen := r.resumed(node, f.Began); seen && e.At <= d.Ended+lateTimer {
				d.Ended, d.Uncertainty = e.At, e.Uncertainty
			}
			out = append(out, d)
		}
	}
	return out
}

// resumed is the first time after from that the node's kube-proxy was seen to run again.
func (r *Run) resumed(node string, from time.Duration) (first Event, seen bool) {
	for _, e := range r.Events {
		if e.Kind == ProxyResumed && e.Object == node && e.At >= from && (!seen || e.At < first.At) {
			first, seen = e, true
		}
	}
	return first, seen
}
