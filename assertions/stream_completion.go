package assertions

import (
	"fmt"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// shownBroken bounds how many broken streams or watches a message tells of.
	shownBroken = 3
	// leastHTTP is the least status code of HTTP; those of gRPC are below it.
	leastHTTP = 100
)

var streamCompletion = register(Check{
	Name:      "stream-completion",
	Guarantee: "A stream brings all its messages: where its pod ends it is finished, or handed over and resumed without a gap",
	Reference: "WHATWG HTML, section 9.2 (server-sent events); RFC 6455, section 7.4.1 (close code 1001, going away); RFC 9112, section 7.1 (the last chunk)",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	classes := f.lastingClasses(record.Class.Stream)
	if len(classes) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "There were no streams in the traffic of this run."}}
	}
	var out []record.Finding
	for _, class := range classes {
		out = append(out, f.streams(class))
	}
	return out
})

// streamed is how the streams of a class went.
type streamed struct {
	total, complete, canceled int
	resumed                   int // complete ones that were handed over
	open                      int // at a pod when it was asked to end
	broken                    []brokenStream
}

// brokenStream is a stream that did not bring what it had to, with the cause.
type brokenStream struct {
	cause string // code
	words string
}

// streams judges the streams of one class.
func (f *facts) streams(class record.Class) record.Finding {
	var got streamed
	for i := range f.run.Ledger.Streams {
		if s := &f.run.Ledger.Streams[i]; s.Class == class {
			f.follow(s, &got)
		}
	}
	ended := got.total - got.canceled
	out := record.Finding{
		Subject:   string(class),
		Measured:  record.Quantity{Value: float64(got.complete), Unit: "streams", Text: fmt.Sprintf("%s of %s", thousands(got.complete), thousands(ended))},
		Threshold: record.Quantity{Value: float64(ended), Unit: "streams", Text: "all"},
	}
	switch {
	case len(got.broken) > 0:
		out.Verdict = record.Fail
		out.Message, out.Diagnosis = got.brokenWords(ended)
		out.Advice = f.advise(out.Diagnosis, nil)
	case got.total == 0:
		out.Verdict, out.Measured = record.Unknown, record.Quantity{Text: "no streams"}
		out.Message = "Streams of this class were asked for, and the record holds none."
	case ended == 0 && got.open == 0:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("All %s of this class ended by the harness's own hard deadline: whether they would have been complete is not known.", count(got.total, "stream"))
	case f.endsPods() && got.open == 0:
		out.Verdict = record.Skipped
		out.Message = fmt.Sprintf("%s of %s brought all their messages, but none of them was open at a pod when it was asked to end: nothing was tested.", thousands(got.complete), count(ended, "stream"))
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("%s brought all their messages, %s of them over more than one connection; %s open at a pod when it was asked to end.",
			count(got.complete, "stream"), thousands(got.resumed), were(got.open))
		if got.canceled > 0 {
			out.Message += fmt.Sprintf(" %s that outlasted the traffic had not broken by then.", count(got.canceled, "more stream"))
		}
	}
	return out
}

func were(n int) string {
	if n == 1 {
		return "1 was"
	}
	return thousands(n) + " were"
}

// follow counts one stream.
func (f *facts) follow(s *record.Stream, got *streamed) {
	got.total++
	open := false
	for _, leg := range s.Legs {
		open = open || f.openAtDelete(leg.Pod, leg.Opened, leg.Ended)
	}
	if open {
		got.open++
	}
	broken, isBroken := f.broken(s)
	switch {
	case isBroken:
		got.broken = append(got.broken, broken)
	case s.Canceled:
		got.canceled++
	default:
		got.complete++
		if len(s.Legs) > 1 {
			got.resumed++
		}
	}
}

// broken tells why a stream is broken, if it is: by the first leg that broke, otherwise by what did not come in order.
func (f *facts) broken(s *record.Stream) (b brokenStream, isBroken bool) {
	for i := range s.Legs {
		if leg := &s.Legs[i]; leg.End == record.LegBroken {
			failure := f.legFailure(s, leg)
			words := fmt.Sprintf("%s, behind message %d of %d: %s", f.whenAndWhere(leg.Ended, failure.Pod), lastBefore(s, i+1), s.Wanted, failure.Why)
			if leg.Error != "" {
				words += " (" + leg.Error + ")"
			}
			return brokenStream{cause: failure.Diagnosis, words: words}, true
		}
	}
	if s.Missing+s.Doubled+s.Disordered == 0 && (s.Canceled || s.Wanted > 0) {
		return b, false
	}
	flaws := fmt.Sprintf("%d of %d messages missing, %d doubled, %d out of order", s.Missing, s.Wanted, s.Doubled, s.Disordered)
	for i := 1; i < len(s.Legs); i++ {
		if leg, had := &s.Legs[i], lastBefore(s, i); leg.From > 0 && leg.From != had+1 {
			return brokenStream{cause: "F31", words: fmt.Sprintf("%s, it was to go on behind message %d and went on with %d (%s)",
				f.whenAndWhere(leg.Opened, leg.Pod), had, leg.From, flaws)}, true
		}
	}
	return brokenStream{cause: record.Unexplained, words: fmt.Sprintf("due at %s of the run, %s over a connection that did not break", seconds(s.Due), flaws)}, true
}

// lastBefore is the highest message that came before the leg of the index.
func lastBefore(s *record.Stream, index int) (last int) {
	for _, leg := range s.Legs[:index] {
		last = max(last, leg.To)
	}
	return last
}

// legFailure names the cause of a leg that broke, as if it were a request: what a request that is cut off in its answer is
// to a pod, a stream is too, only that a stream need not have been answered in full, but handed over.
func (f *facts) legFailure(s *record.Stream, leg *record.StreamLeg) record.Failure {
	r := record.Request{
		Agent: s.Agent, Node: s.Node, Class: s.Class, Due: leg.Began, Start: leg.Began, FirstByte: leg.Opened, End: leg.Ended,
		Code: leg.Code, ErrKind: leg.Kind, Error: leg.Error, Pod: leg.Pod, Dials: 1,
	}
	if leg.Kind == record.ErrStatus && leg.Code < leastHTTP {
		r.ErrKind = record.ErrTruncated // an answer over HTTP that gRPC ended
	}
	switch {
	case leg.Opened > 0:
		r.Connected = leg.Opened
	case leg.Kind == record.ErrEOF || leg.Kind == record.ErrReset:
		r.Connected = leg.Began
	}
	var whose suspicion
	if r.Pod == "" {
		whose = f.whose(&r)
	}
	out := f.orOutage(&r, f.joined(&r, whose))
	if out.Diagnosis == "F3" {
		out.Diagnosis = "F11"
	}
	return out
}

// brokenWords tell of broken streams, and their commonest cause; of equally common ones the most telling.
func (got streamed) brokenWords(ended int) (text, diagnosis string) {
	n := map[string]int{}
	var words []string
	for i, b := range got.broken {
		n[b.cause]++
		if i < shownBroken {
			words = append(words, b.words)
		}
	}
	diagnosis = record.Unexplained
	for _, code := range order() {
		if n[code] > n[diagnosis] {
			diagnosis = code
		}
	}
	text = fmt.Sprintf("%s of %s broke: %s", thousands(len(got.broken)), count(ended, "stream"), strings.Join(words, "; "))
	if more := len(got.broken) - len(words); more > 0 {
		text += fmt.Sprintf("; and %s more", thousands(more))
	}
	return text + ".", diagnosis
}

// cutStreams is F11: streams that were open at the pod broke when it ended, and nothing else about its end explains that.
func (f *facts) cutStreams(t *record.Timeline) string {
	return f.once("cutStreams", t, func(f *facts, t *record.Timeline) string {
		for i := range f.run.Ledger.Streams {
			s := &f.run.Ledger.Streams[i]
			for j := range s.Legs {
				leg := &s.Legs[j]
				if leg.Pod == t.Pod && leg.End == record.LegBroken && leg.Ended >= t.Delete.At && f.legFailure(s, leg).Diagnosis == "F11" {
					return "F11"
				}
			}
		}
		return ""
	})
}

// brokenIn counts the streams that were due in the control window and broke before a fault can have done it.
func (f *facts) brokenIn(w record.Window) (n int) {
	for _, s := range f.run.Ledger.Streams {
		for _, leg := range s.Legs {
			if w.Contains(s.Due) && leg.End == record.LegBroken && (f.run.NoFault || leg.Ended < w.Ended) {
				n++
				break
			}
		}
	}
	return n
}

// onlySilent reports whether all that broke the streams of the class is that nothing came in time: nobody cut them off, and
// nothing was lost.
func onlySilent(run *record.Run, class string) bool {
	late := 0
	for _, s := range run.Ledger.Streams {
		if string(s.Class) != class {
			continue
		}
		if s.Missing+s.Doubled+s.Disordered > 0 {
			return false
		}
		for _, leg := range s.Legs {
			switch {
			case leg.End != record.LegBroken:
			case leg.Kind != record.ErrTimeout:
				return false
			default:
				late++
			}
		}
	}
	return late > 0
}
