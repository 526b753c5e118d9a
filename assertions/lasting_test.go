package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	streamTakes    = 20 * time.Second
	streamMessages = 100
	streamEvery    = streamTakes / streamMessages
	handedOverIn   = 10100 * time.Millisecond // from the delete, by a pod that ends as it should
	reconnects     = 500 * time.Millisecond
)

// streaming adds a stream of the class a second to the run. Those that are open at the victim when it stops to accept
// connections are handed over to another pod.
func streaming(run *record.Run, class record.Class) *record.Run {
	run.Loads = append(run.Loads, record.Load{Class: class, Rate: 1, Method: "GET", Path: "/stream", Takes: streamTakes})
	n := 0
	for due := 500 * time.Millisecond; due < deletedAt+wholeIn+time.Second; due += time.Second {
		pods := []string{victim, "app-2", "app-3"}
		if due > deletedAt {
			pods = pods[1:]
		}
		a := run.Agents[n%len(run.Agents)]
		s := record.Stream{Agent: a.Name, Node: a.Node, Class: class, Due: due, Began: due, Ended: due + streamTakes, Wanted: streamMessages, Got: streamMessages}
		leg := record.StreamLeg{Pod: pods[n%len(pods)], Began: due, Opened: due + time.Millisecond, Ended: s.Ended, From: 1, To: streamMessages, Last: s.Ended, End: record.LegComplete}
		s.Legs = []record.StreamLeg{leg}
		if over := deletedAt + handedOverIn; leg.Pod == victim && s.Ended > over {
			part(&s, over, record.LegHandedOver)
		}
		run.Ledger.Streams = append(run.Ledger.Streams, s)
		n++
	}
	return run
}

// part ends the only leg of a stream at the time, and has it go on over a second one at another pod.
func part(s *record.Stream, at time.Duration, end string) {
	first := &s.Legs[0]
	first.To = max(int((at-first.Opened)/streamEvery), 1)
	first.Ended, first.Last, first.End = at, at, end
	s.Ended += reconnects
	s.Legs = append(s.Legs, record.StreamLeg{
		Pod: "app-2", Began: at + reconnects, Opened: at + reconnects + time.Millisecond, Ended: s.Ended,
		From: first.To + 1, To: streamMessages, Last: s.Ended, End: record.LegComplete,
	})
}

// handed are the streams that the victim handed over.
func handed(t *testing.T, run *record.Run) (out []*record.Stream) {
	t.Helper()
	for i := range run.Ledger.Streams {
		if s := &run.Ledger.Streams[i]; len(s.Legs) == 2 {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		t.Fatal("no stream was open at the victim")
	}
	return out
}

// cut breaks the first leg of each stream that the victim had, at the time or when it was to end.
func cut(t *testing.T, run *record.Run, at time.Duration, kind record.ErrKind) {
	t.Helper()
	for i := range run.Ledger.Streams {
		s := &run.Ledger.Streams[i]
		if s.Legs[0].Pod != victim || s.Ended < at {
			continue
		}
		if len(s.Legs) == 1 {
			part(s, at, record.LegBroken)
		}
		s.Legs[0].Ended, s.Legs[0].Last, s.Legs[0].End, s.Legs[0].Kind, s.Legs[0].Error = at, at, record.LegBroken, kind, "unexpected EOF"
	}
}

// watching adds a watch a second to the run, resumed where the victim ended it.
func watching(run *record.Run) *record.Run {
	const everyBeat = 250 * time.Millisecond
	run.Loads = append(run.Loads, record.Load{Class: record.AppWatch, Rate: 1, Method: "GET", Path: "/watch", Takes: streamTakes})
	n := 0
	for due := 500 * time.Millisecond; due < deletedAt+wholeIn+time.Second; due += time.Second {
		pods := []string{victim, "app-2", "app-3"}
		if due > deletedAt {
			pods = pods[1:]
		}
		a := run.Agents[n%len(run.Agents)]
		version := func(at time.Duration) uint64 { return 1000 + uint64(at/everyBeat) }
		w := record.Watch{
			Agent: a.Name, Node: a.Node, Class: record.AppWatch, Source: record.WatchesApp, What: "/watch", Due: due, Began: due, Ended: due + streamTakes,
			First: version(due) + 1, Last: version(due + streamTakes),
		}
		w.Seen = int(w.Last-w.First) + 1
		w.Legs = []record.WatchLeg{{Pod: pods[n%len(pods)], Since: w.First - 1, Began: due, Opened: due + time.Millisecond, Ended: w.Ended, From: w.First, To: w.Last, Events: w.Seen, End: record.WatchDone}}
		if over := deletedAt + handedOverIn; w.Legs[0].Pod == victim && w.Ended > over {
			first, seen := &w.Legs[0], version(over)
			first.Ended, first.To, first.Bookmark, first.End = over, seen, seen, record.WatchBookmark
			w.Legs = append(w.Legs, record.WatchLeg{Pod: "app-2", Since: seen, Began: over + reconnects, Opened: over + reconnects + time.Millisecond, Ended: w.Ended, From: seen + 1, To: w.Last, End: record.WatchDone})
		}
		run.Ledger.Watches = append(run.Ledger.Watches, w)
		n++
	}
	return run
}

// resumed is a watch that the victim ended and another pod took up.
func resumed(t *testing.T, run *record.Run) *record.Watch {
	t.Helper()
	for i := range run.Ledger.Watches {
		if w := &run.Ledger.Watches[i]; len(w.Legs) == 2 {
			return w
		}
	}
	t.Fatal("no watch was open at the victim")
	return nil
}

func TestStreamsAndWatchesAreNoRequestsAndTheirLoadIsHeldToItsRate(t *testing.T) {
	run := watching(streaming(build(graceful()), record.EventStream))
	if Judge(run); run.Verdict != record.Pass {
		show(t, run)
		t.Fatalf("verdict %s", run.Verdict)
	}
	for _, f := range run.Findings {
		if f.Check == "error-rate" && (f.Subject == string(record.EventStream) || f.Subject == string(record.AppWatch)) {
			t.Errorf("%+v", f)
		}
	}
	if says := find(t, run, "load-was-real", "").Message; !strings.Contains(says, ", 28 streams, 28 watches from 3 agents") {
		t.Error(says)
	}
	for name, c := range map[string]struct {
		change func(*record.Run)
		says   string
	}{
		"half of the streams": {func(r *record.Run) { r.Ledger.Streams = r.Ledger.Streams[:14] }, "of sse/stream"},
		"no watches":          {func(r *record.Run) { r.Ledger.Watches = nil }, "0 requests of app/watch"},
		"one begun late": {func(r *record.Run) {
			r.Ledger.Streams[3].Began += 2 * time.Second
		}, "2.00 s at worst"},
		"a stream that ends before it begins": {func(r *record.Run) { r.Ledger.Streams[3].Ended = 0 }, "1 are at times that contradict each other"},
		"a stream of a stranger":              {func(r *record.Run) { r.Ledger.Streams[3].Agent = "agent-9" }, "1 are from an agent"},
		"a watch at a stranger":               {func(r *record.Run) { r.Ledger.Watches[3].Legs[0].Pod = "app-9" }, "1 are served by a pod"},
		"a stream that broke in the control window": {func(r *record.Run) {
			s := &r.Ledger.Streams[1]
			s.Due, s.Legs[0].End, s.Legs[0].Ended = 2*time.Second, record.LegBroken, 3*time.Second
			s.Began = s.Due
		}, "1 stream broke in the control window"},
	} {
		t.Run(name, func(t *testing.T) {
			run := watching(streaming(build(graceful()), record.EventStream))
			c.change(run)
			Judge(run)
			var all []string
			for _, f := range run.Findings {
				if f.Check == "load-was-real" && f.Verdict == record.Unknown {
					all = append(all, f.Message)
				}
			}
			if text := strings.Join(all, "\n"); !strings.Contains(text, c.says) || run.Verdict == record.Pass {
				t.Errorf("verdict %s, want %q in %q", run.Verdict, c.says, text)
			}
		})
	}
}

func TestOnlyStreamsAndWatchesHaveNoErrorRate(t *testing.T) {
	run := streaming(build(graceful()), record.EventStream)
	run.Requests, run.Loads = nil, run.Loads[len(run.Loads)-1:]
	wants(t, run, "error-rate", "", record.Skipped, "")
}

func TestALongStreamIsNotWhatAGracePeriodMustHaveRoomFor(t *testing.T) {
	run := streaming(build(closesAtOnce()), record.EventStream)
	if f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2"); !strings.Contains(f.Advice, "terminationGracePeriodSeconds ≥ 12") {
		t.Error(f.Advice)
	}
}
