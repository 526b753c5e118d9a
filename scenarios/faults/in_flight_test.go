package faults

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/loadgen/agent"
)

func TestADeleteIsHeldBackUntilASlowRequestWillOutlastIt(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	cases := []struct {
		what string
		r    agent.InFlight
		now  time.Duration
		want bool
	}{
		{"just begun to answer", agent.InFlight{Started: 10 * s, FirstByte: 10*s + ms, Takes: 8 * s}, 10*s + 2*ms, true},
		{"3 s are left", agent.InFlight{Started: 10 * s, FirstByte: 10 * s, Takes: 8 * s}, 15 * s, true},
		{"less than 3 s are left", agent.InFlight{Started: 10 * s, FirstByte: 10 * s, Takes: 8 * s}, 15*s + ms, false},
		{"half of a short one is left", agent.InFlight{Started: 10 * s, FirstByte: 10 * s, Takes: 3 * s}, 11*s + 500*ms, true},
		{"less than half of a short one is left", agent.InFlight{Started: 10 * s, FirstByte: 10 * s, Takes: 3 * s}, 11*s + 501*ms, false},
		{"sent, perhaps not accepted", agent.InFlight{Started: 10 * s, Takes: 8 * s}, 10*s + 499*ms, false},
		{"accepted, nothing answered yet", agent.InFlight{Started: 10 * s, Takes: 8 * s}, 10*s + 500*ms, true},
		{"a short one, accepted, nothing answered yet", agent.InFlight{Started: 10 * s, Takes: s}, 10*s + 250*ms, true},
		{"a short one, perhaps not accepted", agent.InFlight{Started: 10 * s, Takes: s}, 10*s + 249*ms, false},
		{"nearly answered, no byte yet", agent.InFlight{Started: 10 * s, Takes: 8 * s}, 17 * s, false},
	}
	for _, c := range cases {
		if got := outlasts(c.r, c.now); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
