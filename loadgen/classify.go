package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// stage is how far a request had come when it failed. The same error of a socket means different things in each.
type stage int

const (
	dialling  stage = iota // no connection yet
	waiting                // connected, no byte of the answer yet
	answering              // the answer had begun
)

// maxError bounds the text of an error in a record, in bytes.
const maxError = 200

// local are the errors by which the sending machine says that it is at its own end.
var local = []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM}

func isLocal(err error) bool {
	for _, target := range local {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// classify names the kind of a failure. ctx is the hard deadline: what its end cut off is canceled.
func classify(ctx context.Context, err error, at stage) record.ErrKind {
	var lookup *net.DNSError
	switch {
	case isLocal(err):
		return record.ErrCanceled // ended by this side; Run returns ErrLocal
	case isTimeout(err):
		if over(ctx) {
			return record.ErrCanceled
		}
		return record.ErrTimeout
	case errors.As(err, &lookup):
		return record.ErrDNS
	}
	switch at {
	case dialling:
		return dialKind(err)
	case waiting:
		return waitKind(err)
	default:
		return answerKind(err)
	}
}

// over reports whether the context has ended. A socket takes its deadline from the context and may see it pass a moment
// before the context itself does.
func over(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !time.Now().Before(deadline)
}

// isTimeout is also true for a context's end, because that is how a dial and a socket report it.
func isTimeout(err error) bool {
	var network net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	return errors.As(err, &network) && network.Timeout()
}

func dialKind(err error) record.ErrKind {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return record.ErrRefused
	case errors.Is(err, syscall.ECONNRESET):
		return record.ErrReset
	default:
		return record.ErrDial
	}
}

func waitKind(err error) record.ErrKind {
	switch {
	case isReset(err):
		return record.ErrReset
	case errors.Is(err, io.EOF):
		return record.ErrEOF
	default:
		return record.ErrOther
	}
}

// answerKind: an answer that has begun and was cut off is truncated, whichever way the connection ended; the text says
// which.
func answerKind(err error) record.ErrKind {
	if isReset(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return record.ErrTruncated
	}
	return record.ErrOther
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || isPipe(err) || errors.Is(err, syscall.ECONNABORTED)
}

// isPipe is true for a write to a connection that the peer had closed before: the read after it tells how.
func isPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }

// text is the error in a few words: what was being done and the innermost cause. Addresses and local ports are left out,
// so that equal failures have equal texts, and so is whatever the server sent.
func text(err error) string {
	var operation *net.OpError
	var number syscall.Errno
	var lookup *net.DNSError
	said := err.Error()
	switch {
	case errors.As(err, &lookup):
		said = "lookup: " + lookup.Err
	case errors.As(err, &operation) && errors.As(err, &number):
		said = operation.Op + ": " + number.Error()
	case errors.As(err, &operation):
		said = operation.Op + ": " + operation.Err.Error()
	}
	return bounded(said, maxError)
}

// bounded cuts s to at most limit bytes of valid UTF-8.
func bounded(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}
