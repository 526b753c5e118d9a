package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/lastcall-dev/lastcall/record"
)

// Our side of an HTTP/2 connection. net/http's client cannot be used: it sends a request again that GOAWAY refused, and
// tells nobody of the frame. grpc-go's does so too, retries disabled or not (stream.go, shouldRetry, "transparent retry").
const (
	// ownWindow is how much of answers a server may send ahead of what was read, on a stream and on the connection. As all is
	// read at once, it only has to outlast a round trip.
	ownWindow = 1 << 20
	// updateAfter is how much is read before the server is told so. It never has to wait for that.
	updateAfter = ownWindow / 2
	// firstWindow is what may be sent before the other side has said anything of windows, firstFrame how much of it in one
	// frame (RFC 9113, sections 6.9.2 and 4.2).
	firstWindow = 65_535
	firstFrame  = 16_384
	// lastStream is the highest number of a stream.
	lastStream = 1<<31 - 1
	// writeLimit bounds one write: a server that reads nothing ends the connection.
	writeLimit = 5 * time.Second
)

// Why requests and connections end.
var (
	errGoAway    = errors.New("refused by GOAWAY")
	errRefused   = errors.New("refused by RST_STREAM")
	errViolation = errors.New("malformed answer")
	// errLeaving means that the connection takes no more requests. Nothing of the request was sent.
	errLeaving = errors.New("the connection takes no more requests")
	// errLeft and errDone are the client's own reasons to end a connection.
	errLeft = errors.New("told to go away")
	errDone = errors.New("needed no more")
)

// http2Conn is one HTTP/2 connection to the service. Many requests are under way on it at once. What the server sends is
// read by one goroutine, which ends them.
type http2Conn struct {
	raw       net.Conn
	id        uint64
	made      time.Duration // since the epoch
	now       func() time.Duration
	podHeader string
	ended     func(*http2Conn) // told once, when everything on it has ended

	writing sync.Mutex // held over frames that must not be torn apart, and over the state of the fields' compression
	out     *bufio.Writer
	framer  *http2.Framer // of the reader for reading, under the lock for writing
	fields  *hpack.Encoder
	block   bytes.Buffer

	mu      sync.Mutex // never held while anything is written
	entry   record.Connection
	streams map[uint32]*http2Stream
	next    uint32        // stream
	told    bool          // by GOAWAY: no more requests
	surplus bool          // to be closed when nothing is under way any more
	cause   error         // why it ended; nil: it has not
	most    uint32        // streams at once, as the server allows
	window  int64         // that may still be sent on the connection
	initial int64         // window of a new stream
	frame   int64         // the largest payload
	room    chan struct{} // closed when a window has grown
	unsaid  uint32        // bytes read that the server has not been told of
}

// newHTTP2Conn is a connection for requests of the spec. Its greet is to be called, and then its read to be run, which
// answers what comes: nothing may go out before the greeting. ended is called when everything on it has ended.
func newHTTP2Conn(raw net.Conn, spec Spec, now func() time.Duration, ended func(*http2Conn)) *http2Conn {
	c := &http2Conn{
		raw: raw, id: connNumber.Add(1), made: now(), now: now, podHeader: spec.PodHeader, ended: ended,
		out: bufio.NewWriter(raw), streams: map[uint32]*http2Stream{}, next: 1,
		most: lastStream, window: firstWindow, initial: firstWindow, frame: firstFrame, room: make(chan struct{}),
	}
	c.entry = record.Connection{Class: spec.Class, Conn: c.id, Pod: podOf(raw), Opened: c.made}
	c.framer = http2.NewFramer(c.out, bufio.NewReader(raw))
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil) // SETTINGS_HEADER_TABLE_SIZE as nobody says otherwise
	c.framer.MaxHeaderListSize = maxHeader
	c.framer.SetMaxReadFrameSize(firstFrame)
	c.fields = hpack.NewEncoder(&c.block)
	return c
}

// greet sends what a client begins with, without waiting for the server's own beginning (RFC 9113, section 3.4).
func (c *http2Conn) greet() {
	_ = c.write(func() error { // an error has ended the connection
		if _, err := c.out.WriteString(http2.ClientPreface); err != nil {
			return err
		}
		err := c.framer.WriteSettings(
			http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: ownWindow},
			http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: maxHeader},
		)
		return errors.Join(err, c.framer.WriteWindowUpdate(0, ownWindow-firstWindow))
	})
}

// write lets nobody else write meanwhile, and sends what was written. Frames that failed in part end the connection.
func (c *http2Conn) write(frames func() error) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.raw.SetWriteDeadline(time.Now().Add(writeLimit))
	if err == nil {
		err = frames()
	}
	if errors.Is(err, errLeaving) {
		return err
	}
	if err == nil {
		err = c.out.Flush()
	}
	if err != nil {
		c.end(err)
	}
	return err
}

// usable reports whether a request may be sent on the connection now.
func (c *http2Conn) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause == nil && !c.told && !c.surplus && c.next < lastStream
}

// full reports whether the server allows no more streams at once.
func (c *http2Conn) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint32(len(c.streams)) >= c.most
}

// send makes the stream's request and returns when the stream has ended, by the server or by the context. The error is
// errLeaving, with nothing sent, or nil: how the stream ended is in the stream.
func (c *http2Conn) send(ctx context.Context, s *http2Stream, fields []hpack.HeaderField, body []byte) error {
	err := c.write(func() error {
		if err := c.open(s); err != nil {
			return err
		}
		if err := c.writeFields(s.id, fields, len(body) == 0); err != nil {
			return err
		}
		if n := c.take(s, len(body)); n > 0 { // in one packet with the fields
			last := n == len(body)
			part := body[:n]
			body = body[n:]
			return c.framer.WriteData(s.id, last, part)
		}
		return nil
	})
	if s.id == 0 {
		return errLeaving
	}
	for err == nil && len(body) > 0 {
		body, err = c.sendPart(ctx, s, body)
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		c.abandon(s, ctx.Err())
	}
	return nil
}

// sendPart sends as much of a body as the windows allow, once they allow any, and returns the rest. A stream that has
// ended needs none of it.
func (c *http2Conn) sendPart(ctx context.Context, s *http2Stream, body []byte) (rest []byte, err error) {
	c.mu.Lock()
	room := c.room
	c.mu.Unlock()
	n := c.take(s, len(body))
	if n == 0 {
		select {
		case <-room:
			return body, nil
		case <-s.done:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	err = c.write(func() error { return c.framer.WriteData(s.id, n == len(body), body[:n]) })
	return body[n:], err
}

// open numbers the stream.
func (c *http2Conn) open(s *http2Stream) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || c.told || c.next >= lastStream || uint32(len(c.streams)) >= c.most {
		return errLeaving
	}
	s.id, s.carried, s.sent, s.window = c.next, c.entry.Requests, c.now(), c.initial
	c.next += 2
	c.streams[s.id] = s
	c.entry.Requests++
	c.entry.Last = s.sent
	if c.entry.First == 0 {
		c.entry.First = s.sent
	}
	return nil
}

// take takes as much of both windows as there is, at most what is wanted.
func (c *http2Conn) take(s *http2Stream, wanted int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := max(min(int64(wanted), c.window, s.window, c.frame), 0)
	c.window -= n
	s.window -= n
	return int(n)
}

// writeFields writes a field block, in as many frames as it takes. The caller holds the lock for writing.
func (c *http2Conn) writeFields(stream uint32, fields []hpack.HeaderField, last bool) error {
	c.block.Reset()
	for _, f := range fields {
		if err := c.fields.WriteField(f); err != nil {
			return fmt.Errorf("encode a field: %w", err)
		}
	}
	part := c.block.Next(firstFrame)
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: part, EndStream: last, EndHeaders: c.block.Len() == 0,
	})
	for err == nil && c.block.Len() > 0 {
		part = c.block.Next(firstFrame)
		err = c.framer.WriteContinuation(stream, c.block.Len() == 0, part)
	}
	return err
}

// abandon ends a stream that nobody waits for any more, and tells the server so.
func (c *http2Conn) abandon(s *http2Stream, why error) {
	c.mu.Lock()
	over := s.over
	if !over {
		c.finish(s, why)
	}
	c.mu.Unlock()
	if !over {
		// An error has ended the connection.
		_ = c.write(func() error { return c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
	}
}

// retire has the connection closed as soon as nothing is under way on it.
func (c *http2Conn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.surplus = true
	c.leaveIfIdle()
}

// leaveIfIdle ends a connection that is to take no more requests, and has none. One that has not had its first is left to
// who made it. The caller holds the lock.
func (c *http2Conn) leaveIfIdle() {
	switch {
	case len(c.streams) > 0:
	case c.told:
		c.endLocked(errLeft)
	case c.surplus && c.entry.Requests > 0:
		c.endLocked(errDone)
	}
}

// end ends the connection; the first cause counts. The reader notices, and ends what is still under way.
func (c *http2Conn) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(cause)
}

func (c *http2Conn) endLocked(cause error) {
	if c.cause == nil {
		c.cause = cause
		_ = c.raw.Close() // everything that matters has been read
	}
}

// why is the cause of the connection's end where it has ended, otherwise that it is told to.
func (c *http2Conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil && !errors.Is(c.cause, errLeft) {
		return c.cause
	}
	return errGoAway
}

// ledger is the connection's entry as it is now.
func (c *http2Conn) ledger() record.Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entry
	entry.GoAways = append([]record.GoAway(nil), entry.GoAways...)
	return entry
}
