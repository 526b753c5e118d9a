package record

import "time"

// Part is what a stretch of a run's own time was spent on.
type Part string

// The parts of a run, in their order. Disrupting and Settling together are the disruption windows, over which rates are
// judged.
const (
	Deploying   Part = "deploying"  // the application and the agents are staged, clocks compared, traffic started
	Waiting     Part = "waiting"    // until the run before is taken down
	Controlling Part = "control"    // traffic without any fault, the moment in which connections are made included
	Aiming      Part = "aiming"     // from a round's beginning until its fault is injected: probes, slow requests in flight
	Disrupting  Part = "disruption" // from the fault until the service is whole again
	Settling    Part = "settling"   // the rest of the window: until listeners have ended and the removal budget is over
	Looking     Part = "looking"    // between rounds: whether another one is needed
	Finishing   Part = "finishing"  // for what is in flight when the agents are asked to stop
	Collecting  Part = "collecting" // the agents' records are taken over, and the database is read
	Saving      Part = "saving"     // to the disk, before anything is undone
	Undoing     Part = "undoing"    // the faults
	Removing    Part = "removing"   // everything that was deployed
)

// Parts are all that a run's time may be spent on, in their order.
func Parts() []Part {
	return []Part{Deploying, Waiting, Controlling, Aiming, Disrupting, Settling, Looking, Finishing, Collecting, Saving, Undoing, Removing}
}

// Span is a stretch of the run and what it was spent on. The spans of a run follow each other without a gap.
type Span struct {
	Part  Part          `json:"part"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

// Spent adds the spans up by their parts.
func (r *Run) Spent() map[Part]time.Duration {
	spent := make(map[Part]time.Duration)
	for _, s := range r.Spans {
		spent[s.Part] += s.Ended - s.Began
	}
	return spent
}
