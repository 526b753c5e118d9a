package scenarios

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// begin says that the run's time is spent on that part from now on.
func (x *execution) begin(part record.Part) { x.beginAt(part, x.clock()) }

// beginAt does so for a moment that has passed: when a fault took effect is known only afterwards.
func (x *execution) beginAt(part record.Part, at time.Duration) {
	x.endSpan(at)
	if n := len(x.run.Spans); n > 0 {
		at = x.run.Spans[n-1].Ended // no gap and no overlap, whatever the clocks say
	}
	x.run.Spans = append(x.run.Spans, record.Span{Part: part, Began: at, Ended: at})
}

// endSpan ends the span that goes on, but never before it began.
func (x *execution) endSpan(at time.Duration) {
	if n := len(x.run.Spans); n > 0 {
		last := &x.run.Spans[n-1]
		last.Ended = max(last.Began, at)
	}
}
