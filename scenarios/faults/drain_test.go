package faults

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

func TestADrainHitsTheNodeThatHasNoAgent(t *testing.T) {
	s, agents := aStage([]string{"w1", "w2", "w1", "w2"}, []string{"cp", "w2"})
	s.drain = fixtures.Drain{Began: time.Now(), Accepted: time.Now(), Evictions: []fixtures.Eviction{
		{Namespace: "ns", Pod: "a", Accepted: true},
		{Namespace: "ns", Pod: "c", Accepted: true, Refusals: 3, Blocked: 2500 * time.Millisecond},
		{Namespace: "kube-system", Pod: "dns", Accepted: true, Refusals: 9, Blocked: time.Minute},
	}}
	fault, undo, err := Drain{}.Inject(t.Context(), s, circumstance(t))
	if err != nil || fault.Target != "w1" || !slices.Equal(s.asked, []string{"drain w1 50s"}) {
		t.Fatalf("%v, %+v, asked %v", err, fault, s.asked)
	}
	for name, want := range map[string]string{PodsAttr: "a,c", "evicted": "2", "refusals": "3", "blocked": "2.500", "others": "kube-system/dns", "cordonedBefore": "false", "timedOut": ""} {
		if fault.Attr[name] != want {
			t.Errorf("%s is %q, want %q", name, fault.Attr[name], want)
		}
	}
	if pods, _ := probed(agents[0]); !slices.Equal(pods, []string{"a", "c"}) {
		t.Errorf("probed %v", pods)
	}
	if err := undo(t.Context()); err != nil || s.asked[len(s.asked)-1] != "uncordon w1" {
		t.Errorf("%v, asked %v", err, s.asked)
	}
}

func TestADrainThatGaveUpIsNoErrorAndOneThatFailedIsUndoneToo(t *testing.T) {
	s, _ := aStage([]string{"w1"}, []string{"w2"})
	s.drain = fixtures.Drain{TimedOut: true, Left: "pod a"}
	fault, _, err := Drain{Timeout: time.Second}.Inject(t.Context(), s, circumstance(t))
	if err != nil || fault.Attr["timedOut"] != "pod a" || fault.Attr["limit"] != "1s" {
		t.Errorf("%v, %+v", err, fault)
	}
	s.refuse = errRefused
	_, undo, err := Drain{}.Inject(t.Context(), s, circumstance(t))
	if !errors.Is(err, errRefused) || undo == nil {
		t.Errorf("error %v, undo %v", err, undo != nil)
	}
}

func TestANodeWithAnAgentIsNotDrained(t *testing.T) {
	s, _ := aStage([]string{"w1", "w2"}, []string{"w1", "w2"})
	if _, undo, err := (Drain{}).Inject(t.Context(), s, circumstance(t)); err == nil || undo != nil || len(s.asked) > 0 {
		t.Errorf("%v, asked %v", err, s.asked)
	}
}

func TestTheNodeToDrainIsAWorkerThatTheSeedChooses(t *testing.T) {
	nodes := []record.Node{{Name: "cp", Roles: "control-plane"}, {Name: "w1", Roles: "worker"}, {Name: "w2", Roles: "worker"}}
	chosen := map[string]int{}
	for seed := range int64(50) {
		one := Drain{}.Avoid(nodes, seed)
		if len(one) != 1 || !slices.Equal(one, Drain{}.Avoid(nodes, seed)) {
			t.Fatalf("seed %d: %v", seed, one)
		}
		chosen[one[0]]++
	}
	if chosen["cp"] > 0 || chosen["w1"] == 0 || chosen["w2"] == 0 {
		t.Errorf("chosen %v", chosen)
	}
	if one := (Drain{}).Avoid(nodes[:2], 1); len(one) > 0 {
		t.Errorf("%v is the only node that can take its pods", one)
	}
}

func TestADrainHasHappenedWhenTheNodeWasCordonedAndEveryPodAsked(t *testing.T) {
	fault := record.Fault{Target: "w1", Began: time.Second, Attr: map[string]string{PodsAttr: "a,b"}}
	const after = 2 * time.Second
	cordoned := record.Event{At: after, Source: record.SourceCommand, Kind: record.NodeCordoned, Object: "w1"}
	blocked := record.Event{At: after, Source: record.SourceCommand, Kind: record.EvictionBlocked, Object: "b"}
	for name, c := range map[string]struct {
		events []record.Event
		want   bool
	}{
		"one ends, one is refused": {[]record.Event{cordoned, podSaid(after, record.PodTerminating, "a"), blocked}, true},
		"one was never asked":      {[]record.Event{cordoned, podSaid(after, record.PodTerminating, "a")}, false},
		"not cordoned":             {[]record.Event{podSaid(after, record.PodTerminating, "a"), blocked}, false},
	} {
		if got := (Drain{}).Happened(fault, c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestALaterRoundFirstBringsPodsBackToTheNode(t *testing.T) {
	s, agents := aStage([]string{"w1", "w2"}, []string{"w2"})
	s.ever = s.pods
	s.pods = []record.Pod{{Name: "b", Node: "w2", IP: "10.0.0.1"}, {Name: "c", Node: "w2", IP: "10.0.0.1"}}
	s.restart = func() {
		s.pods = []record.Pod{{Name: "d", Node: "w1", IP: "10.0.0.1"}, {Name: "e", Node: "w2", IP: "10.0.0.1"}}
	}
	in := circumstance(t)
	in.Round = 2
	fault, _, err := Drain{}.Inject(t.Context(), s, in)
	if err != nil || fault.Target != "w1" || fault.Attr[PodsAttr] != "d" {
		t.Fatalf("%v, %+v", err, fault)
	}
	if want := []string{"uncordon w1", "restart", "whole", "drain w1 50s"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %v, want %v", s.asked, want)
	}
	if pods, _ := probed(agents[0]); !slices.Equal(pods, []string{"b", "c", "d"}) {
		t.Errorf("probed %v: what ends goes unmeasured", pods)
	}
}
