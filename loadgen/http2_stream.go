package loadgen

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/net/http2"
)

// http2Stream is one request and its answer. Until done is closed it changes under its connection's lock; from then on it
// stays as it is.
type http2Stream struct {
	// body takes the answer's body as it comes, in the reader's goroutine. An error ends the stream. Nil: it is held against
	// its digest.
	body     func(part []byte) error
	messages *messages // of a gRPC answer, which body takes apart

	id            uint32 // 0: never begun
	carried       int    // requests of the connection before it
	sent          time.Duration
	window        int64  // that may still be sent
	unsaid        uint32 // bytes read that the server has not been told of
	informational int

	done    chan struct{}
	over    bool
	begun   time.Duration // when the answer's header had come; 0 never
	code    int
	head    http.Header
	trailer http.Header // of a gRPC answer without a body, the header itself
	check   digest
	bytes   int64
	ended   time.Duration
	told    bool // GOAWAY had come by the end
	err     error
}

func newHTTP2Stream(body func(part []byte) error) *http2Stream {
	return &http2Stream{body: body, done: make(chan struct{})}
}

// resetError is a stream that the server ended by RST_STREAM.
type resetError struct{ code http2.ErrCode }

func (e resetError) Error() string { return "stream reset: " + e.code.String() }

// header takes a field block: informational answers, the answer's header, or its trailer.
func (s *http2Stream) header(f *http2.MetaHeadersFrame, at time.Duration) error {
	if f.Truncated {
		return errHeaderTooLarge
	}
	fields := make(http.Header, len(f.Fields))
	for _, field := range f.RegularFields() {
		fields.Add(field.Name, field.Value)
	}
	if s.code != 0 {
		s.trailer = fields
		if !f.StreamEnded() {
			return errViolation
		}
		return nil
	}
	code, err := strconv.Atoi(f.PseudoValue("status"))
	if err != nil || code < 100 || code > 999 {
		return errViolation
	}
	if code < http.StatusOK && !f.StreamEnded() {
		if s.informational++; s.informational > maxInformational {
			return errTooManyInformational
		}
		return nil
	}
	s.begun, s.code, s.head, s.check = at, code, fields, announced(fields)
	if f.StreamEnded() {
		s.trailer = fields
	}
	return nil
}

// data takes a part of the body.
func (s *http2Stream) data(part []byte) error {
	if s.code == 0 {
		return errViolation
	}
	s.bytes += int64(len(part))
	if s.body != nil {
		return s.body(part)
	}
	_, err := s.check.writer().Write(part)
	return err
}

// finish is called once, with the connection's lock held.
func (c *http2Conn) finish(s *http2Stream, err error) {
	s.over, s.ended, s.err, s.told = true, c.now(), err, c.told
	delete(c.streams, s.id)
	close(s.done)
	c.leaveIfIdle()
}

// whole checks an answer that has ended in order against what was announced.
func (s *http2Stream) whole(method string) error {
	want := s.announcedLength()
	switch {
	case method == http.MethodHead:
		return nil
	case want >= 0 && want != s.bytes:
		return io.ErrUnexpectedEOF
	}
	return s.check.verify()
}

// announcedLength of the body; -1: none was announced.
func (s *http2Stream) announcedLength() int64 {
	length, err := strconv.ParseInt(s.head.Get("Content-Length"), 10, 64)
	if err != nil || length < 0 {
		return -1
	}
	return length
}

// at is how far the request had come when it ended.
func (s *http2Stream) at() stage {
	if s.code != 0 {
		return answering
	}
	return waiting
}
