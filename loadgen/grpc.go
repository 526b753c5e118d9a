package loadgen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/lastcall-dev/lastcall/record"
)

// Unary gRPC calls, as gRPC goes over HTTP/2 (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). The path names the method
// ("/package.Service/Method"), the body is the request's message as it is encoded; of the answer's message only its
// length counts.
var _ = register(record.GRPCFast, func(s Spec, epoch time.Time) Load {
	return newHTTP2Load(s, epoch, exchanges{fields: callFields, stream: unaryStream, conclude: concludeUnary, grpc: true})
})

var errNoGRPC = errors.New("the target has no address for gRPC")

const (
	grpcContentType = "application/grpc"
	// prefixLength is that of a message's prefix: a byte for its compression, four for its length.
	prefixLength = 5
	// maxMessage bounds a message, as grpc-go does unless told otherwise (4 MiB).
	maxMessage = 4 << 20
	grpcOK     = 0
	grpcOther  = 2 // UNKNOWN: also what is no status that there is
)

// grpcNames are the statuses by their numbers (google.golang.org/grpc/codes).
var grpcNames = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
}

// message puts the prefix before a message that is not compressed.
func message(content []byte) []byte {
	out := make([]byte, prefixLength, prefixLength+len(content))
	binary.BigEndian.PutUint32(out[1:], uint32(min(len(content), math.MaxUint32)))
	return append(out, content...)
}

// callFields are the header of a call.
func callFields(s Spec, t Target) []hpack.HeaderField {
	s.Method, s.Body = http.MethodPost, nil
	return append(requestFields(s, t),
		hpack.HeaderField{Name: "content-type", Value: grpcContentType}, hpack.HeaderField{Name: "te", Value: "trailers"})
}

// messages takes the body of an answer apart. A message that is not whole at the end is missing.
type messages struct {
	take  func(message []byte) error // nil: they are only counted
	count int
	head  []byte // of the prefix, what has come
	left  int    // bytes of the message that are still to come
	text  []byte // of the message, what has come and is to be taken
}

func (m *messages) part(p []byte) error {
	for len(p) > 0 {
		if len(m.head) < prefixLength {
			n := min(prefixLength-len(m.head), len(p))
			m.head = append(m.head, p[:n]...)
			p = p[n:]
			if len(m.head) < prefixLength {
				return nil
			}
			size := binary.BigEndian.Uint32(m.head[1:])
			if m.head[0] != 0 || size > maxMessage {
				return errViolation // compressed, though no encoding was accepted, or too large
			}
			m.left = int(size)
		}
		n := min(m.left, len(p))
		if m.left -= n; m.take != nil {
			m.text = append(m.text, p[:n]...)
		}
		p = p[n:]
		if m.left == 0 {
			if err := m.ended(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *messages) ended() error {
	m.count++
	m.head = m.head[:0]
	if m.take == nil {
		return nil
	}
	err := m.take(m.text)
	m.text = m.text[:0]
	return err
}

// whole reports whether the last message came to its end.
func (m *messages) whole() bool { return len(m.head) == 0 }

// newGRPCStream is a new call; take is given each message of the answer, nil: they are only counted.
func newGRPCStream(take func(message []byte) error) *http2Stream {
	m := &messages{take: take}
	s := newHTTP2Stream(m.part)
	s.messages = m
	return s
}

func unaryStream() *http2Stream { return newGRPCStream(nil) }

// concludeUnary checks the answer of a call: a status, and with OK one whole message.
func concludeUnary(spec Spec, s *http2Stream, r *record.Request) error {
	r.Want = -1
	status, err := statusOf(spec, s)
	r.GRPC = status
	switch {
	case errors.Is(err, errStatus), err == nil && status != grpcOK:
		r.ErrKind, r.Error = record.ErrStatus, statusWords(s, status)
		return nil
	case err != nil:
		return err
	case !s.messages.whole() || s.messages.count == 0:
		return io.ErrUnexpectedEOF
	case s.messages.count > 1:
		return errViolation
	}
	return nil
}

var errStatus = errors.New("answered with another HTTP status")

// statusOf is the gRPC status of an answer that came whole. The error is errStatus where HTTP itself says no, and
// errViolation for an answer that is none of gRPC.
func statusOf(spec Spec, s *http2Stream) (status int, err error) {
	text := s.trailer.Get("Grpc-Status")
	switch {
	case s.code != spec.Expect:
		return grpcOther, errStatus
	case !strings.HasPrefix(s.head.Get("Content-Type"), grpcContentType), text == "":
		return grpcOther, errViolation
	}
	status, err = strconv.Atoi(text)
	if err != nil || status < 0 || status >= len(grpcNames) {
		return grpcOther, nil
	}
	return status, nil
}

func statusWords(s *http2Stream, status int) string {
	if s.code != http.StatusOK {
		return "status " + strconv.Itoa(s.code)
	}
	return fmt.Sprintf("gRPC status %d %s", status, grpcNames[status])
}
