package loadgen

import (
	"errors"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// maxHoles bounds what a succession remembers of numbers that did not come.
const maxHoles = 1000

var errTooManyHoles = errors.New("more than 1000 gaps in what was sent")

// succession follows numbers of which each is to come once and in its order, over all the connections that they take.
type succession struct {
	next       uint64 // that is to come
	seen       int    // numbers that came, each counted once
	doubled    int    // that came again
	disordered int    // that came after a later one
	holes      []record.Flaw
	odd        []record.Flaw // the first of those that were doubled or out of order
}

// take follows one number that came at the time on the leg of that index.
func (s *succession) take(number uint64, leg int, at time.Duration) error {
	switch {
	case number >= s.next:
		if number > s.next {
			if len(s.holes) >= maxHoles {
				return errTooManyHoles
			}
			s.holes = append(s.holes, record.Flaw{Kind: record.FlawMissing, From: s.next, To: number - 1, Leg: leg, At: at})
		}
		s.next = number + 1
		s.seen++
	case s.fill(number):
		s.seen++
		s.disordered++
		s.note(record.FlawDisordered, number, leg, at)
	default:
		s.doubled++
		s.note(record.FlawDoubled, number, leg, at)
	}
	return nil
}

// fill takes the number out of what is missing; it reports false when it is not.
func (s *succession) fill(number uint64) bool {
	for i, hole := range s.holes {
		if number < hole.From || number > hole.To {
			continue
		}
		var left []record.Flaw
		if before := hole; number > hole.From {
			before.To = number - 1
			left = append(left, before)
		}
		if after := hole; number < hole.To {
			after.From = number + 1
			left = append(left, after)
		}
		s.holes = slices.Replace(s.holes, i, i+1, left...)
		return true
	}
	return false
}

// note remembers a number that was doubled or out of order, together with the one before it where they belong together.
func (s *succession) note(kind record.FlawKind, number uint64, leg int, at time.Duration) {
	if n := len(s.odd); n > 0 && s.odd[n-1].Kind == kind && s.odd[n-1].Leg == leg && s.odd[n-1].To+1 == number {
		s.odd[n-1].To = number
		return
	}
	if len(s.odd) < record.MaxFlaws {
		s.odd = append(s.odd, record.Flaw{Kind: kind, From: number, To: number, Leg: leg, At: at})
	}
}

// skip takes all numbers up to that one as known from elsewhere.
func (s *succession) skip(to uint64) { s.next = max(s.next, to+1) }

// end takes the numbers up to the last one that have not come as missing.
func (s *succession) end(last uint64, leg int, at time.Duration) {
	if last >= s.next {
		s.holes = append(s.holes, record.Flaw{Kind: record.FlawMissing, From: s.next, To: last, Leg: leg, At: at})
		s.next = last + 1
	}
}

// missing counts the numbers that did not come, those behind the last one apart until end was called.
func (s *succession) missing() (n int) {
	for _, hole := range s.holes {
		n += hole.Count()
	}
	return n
}

// flaws lists what is wrong with the succession in the order in which it showed, as far as a record holds it.
func (s *succession) flaws() []record.Flaw {
	all := slices.Concat(s.holes, s.odd)
	slices.SortStableFunc(all, func(a, b record.Flaw) int { return int(a.At - b.At) })
	return all[:min(len(all), record.MaxFlaws)]
}
