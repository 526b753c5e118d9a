package loadgen

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// maxMessages bounds a stream's length, which the server says.
const maxMessages = 1_000_000

// farewell is how a server ended a leg in order, as its protocol has it.
type farewell struct {
	handedOver bool          // the client is to connect again
	wait       time.Duration // after which, if the server said so
	code       int           // the protocol's own, where it has one beside the HTTP status
}

// protocol opens a stream on the contact behind the message of the number, 0 for its beginning, and gives the number of
// each message to got, with how many there are, until the stream ends.
type protocol func(ctx context.Context, c *contact, after int, got func(number, of int) error) (farewell, error)

// streams is the constructor of a class of streams: numbered messages of which each says how many there are. Clients go
// on after the last one that they have.
func streams(open protocol) constructor {
	return lastingLoad(func(ctx context.Context, l *lasting, t Target, due time.Duration) record.Ledger {
		f := &followed{load: l, target: t, open: open, hard: ctx, succession: succession{next: 1}}
		return record.Ledger{Streams: []record.Stream{f.run(ctx, due)}}
	})
}

// followed is one stream that is followed to its end.
type followed struct {
	load   *lasting
	target Target
	open   protocol
	hard   context.Context //nolint:containedctx // it is compared with, not passed on
	of     int             // how many messages there are; 0 not known yet
	succession
}

// run follows the stream over all its legs.
func (f *followed) run(ctx context.Context, due time.Duration) record.Stream {
	s := record.Stream{Class: f.load.spec.Class, Due: due, Began: f.load.now()}
	limited, cancel := context.WithTimeoutCause(ctx, f.load.spec.Timeout, errTooLong)
	defer cancel()
	for len(s.Legs) < maxLegs {
		leg, wait := f.leg(limited, len(s.Legs))
		s.Legs = append(s.Legs, leg)
		if leg.End == record.LegComplete || leg.End == record.LegCanceled || f.whole() || sleep(limited, f.load.patience(wait)) != nil {
			break
		}
	}
	s.Ended = f.load.now()
	s.Canceled = !f.whole() && (over(f.hard) || s.Legs[len(s.Legs)-1].End == record.LegCanceled)
	if !s.Canceled {
		f.end(uint64(f.of), len(s.Legs)-1, s.Ended)
	}
	s.Wanted, s.Got = f.of, f.seen
	s.Missing, s.Doubled, s.Disordered = f.missing(), f.doubled, f.disordered
	return s
}

// whole reports whether the last message has come.
func (f *followed) whole() bool { return f.of > 0 && f.next > uint64(f.of) }

// leg follows the stream over one connection, and returns how long the server asked to wait before the next.
func (f *followed) leg(ctx context.Context, index int) (leg record.StreamLeg, wait time.Duration) {
	leg.Began = f.load.now()
	limited, alive, end := f.load.attended(ctx)
	defer end()
	var bye farewell
	c, err := f.load.contact(limited, f.target)
	defer c.close()
	if err == nil {
		bye, err = f.open(limited, c, int(f.next-1), func(number, of int) error {
			alive()
			return f.message(&leg, number, of, index)
		})
	}
	leg.Ended, leg.Opened, leg.Pod, leg.Code = f.load.now(), c.opened, c.pod, c.code
	if bye.code != 0 {
		leg.Code = bye.code
	}
	switch {
	case err != nil:
		leg.End = record.LegBroken
		if leg.Kind, leg.Error = c.failure(f.hard, limited, err); leg.Kind == record.ErrCanceled {
			leg.End = record.LegCanceled
		}
	case bye.handedOver:
		leg.End = record.LegHandedOver
	case f.whole():
		leg.End = record.LegComplete
	default:
		leg.End, leg.Kind = record.LegBroken, record.ErrTruncated
		leg.Error = fmt.Sprintf("ended without a word after message %d of %d", leg.To, f.of)
	}
	return leg, bye.wait
}

// message follows one message of a leg.
func (f *followed) message(leg *record.StreamLeg, number, of, index int) error {
	switch {
	case of < 1 || of > maxMessages || number < 1 || number > of:
		return fmt.Errorf("%w: number %d of %d", errMalformed, number, of)
	case f.of != 0 && of != f.of:
		return fmt.Errorf("%w: one of %d in a stream of %d", errMalformed, of, f.of)
	case f.doubled > of:
		return fmt.Errorf("%w: the same ones again and again", errMalformed)
	}
	f.of = of
	if leg.From == 0 {
		leg.From = number
	}
	leg.To, leg.Last = number, f.load.now()
	return f.take(uint64(number), index, leg.Last)
}

// numbered reads "57 of 100", the text of a message.
func numbered(message string) (number, of int, err error) {
	first, last, found := strings.Cut(message, " of ")
	number, err = strconv.Atoi(first)
	of, err2 := strconv.Atoi(last)
	if err = errors.Join(err, err2); err != nil || !found {
		return 0, 0, fmt.Errorf("%w: not as in \"57 of 100\"", errMalformed)
	}
	return number, of, nil
}
