package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/net/http2"

	"github.com/lastcall-dev/lastcall/record"
)

// read takes what the server sends until the connection ends, and ends with it what is still under way.
func (c *http2Conn) read() {
	for {
		frame, err := c.framer.ReadFrame()
		var broken http2.StreamError
		switch {
		case errors.As(err, &broken):
			c.refuse(broken.StreamID)
			err = nil
		case err == nil:
			err = c.process(frame)
		}
		if err != nil {
			c.end(err)
			break
		}
	}
	c.close()
	c.ended(c)
}

// close ends the streams and the connection's entry.
func (c *http2Conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entry.Closed = c.now()
	switch cause := c.cause; {
	case errors.Is(cause, errLeft):
		c.entry.End = record.ConnectionLeft
	case errors.Is(cause, errDone):
		c.entry.End = record.ConnectionDone
	case errors.Is(cause, io.EOF):
		c.entry.End = record.ConnectionClosed
	default:
		c.entry.End = record.ConnectionBroken
		c.entry.Kind, c.entry.Error = kindOfHTTP2(context.Background(), cause, waiting)
	}
	for _, s := range c.streams {
		c.finish(s, c.cause)
	}
}

// process takes one frame. An error ends the connection.
func (c *http2Conn) process(frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		return c.headers(f)
	case *http2.DataFrame:
		return c.data(f)
	case *http2.RSTStreamFrame:
		c.reset(f)
	case *http2.GoAwayFrame:
		c.goAway(f)
	case *http2.SettingsFrame:
		return c.settings(f)
	case *http2.WindowUpdateFrame:
		c.widen(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			return c.write(func() error { return c.framer.WritePing(true, f.Data) })
		}
	case *http2.PushPromiseFrame:
		return errViolation // it was told not to
	}
	return nil
}

func (c *http2Conn) headers(f *http2.MetaHeadersFrame) error {
	c.mu.Lock()
	s := c.streams[f.StreamID]
	if s == nil { // nobody waits for it any more
		c.mu.Unlock()
		return nil
	}
	before := s.code
	err := s.header(f, c.now())
	if before == 0 && s.code != 0 {
		c.answered(s)
	}
	if err == nil && f.StreamEnded() {
		c.finish(s, nil)
	}
	c.mu.Unlock()
	if err != nil {
		c.abandon(s, err)
	}
	return nil
}

// answered notes that an answer has begun. The caller holds the lock.
func (c *http2Conn) answered(s *http2Stream) {
	c.entry.Answered++
	c.entry.LastAnswer = max(c.entry.LastAnswer, s.sent)
	if pod := bounded(s.head.Get(c.podHeader), maxPodName); pod != "" {
		c.entry.Pod = pod
	}
}

// data takes a part of an answer, and lets the server know once so much was read that it might have to wait.
func (c *http2Conn) data(f *http2.DataFrame) error {
	c.mu.Lock()
	read := f.Length // padding counts (RFC 9113, section 6.9.1)
	whole, part := due(&c.unsaid, read), uint32(0)
	s := c.streams[f.StreamID]
	var err error
	if s != nil {
		part = due(&s.unsaid, read)
		if err = s.data(f.Data()); err == nil && f.StreamEnded() {
			c.finish(s, nil)
		}
	}
	c.mu.Unlock()
	if err != nil {
		c.abandon(s, err)
	}
	return errors.Join(c.tell(0, whole), c.tell(f.StreamID, part))
}

// due adds what was read, and gives what the server is to be told now; 0: nothing yet.
func due(unsaid *uint32, read uint32) (now uint32) {
	if *unsaid += read; *unsaid >= updateAfter {
		now, *unsaid = *unsaid, 0
	}
	return now
}

// tell the server how much was read of a stream, or of the connection. On a stream that has ended meanwhile it is ignored.
func (c *http2Conn) tell(stream, read uint32) error {
	if read == 0 {
		return nil
	}
	return c.write(func() error { return c.framer.WriteWindowUpdate(stream, read) })
}

// reset ends a stream that the server does not go on with.
func (c *http2Conn) reset(f *http2.RSTStreamFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.StreamID]
	switch {
	case s == nil:
	case f.ErrCode == http2.ErrCodeRefusedStream:
		c.finish(s, errRefused)
	default:
		c.finish(s, resetError{f.ErrCode})
	}
}

// refuse ends a stream that cannot be understood.
func (c *http2Conn) refuse(stream uint32) {
	c.mu.Lock()
	s := c.streams[stream]
	c.mu.Unlock()
	if s != nil {
		c.abandon(s, errViolation)
	}
}

// goAway notes what the server says, and ends the requests that it will not answer.
func (c *http2Conn) goAway(f *http2.GoAwayFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = true
	if len(c.entry.GoAways) < record.MaxGoAways {
		c.entry.GoAways = append(c.entry.GoAways, record.GoAway{At: c.now(), LastStream: f.LastStreamID, Code: uint32(f.ErrCode)})
	}
	for id, s := range c.streams {
		if id > f.LastStreamID {
			c.finish(s, errGoAway)
		}
	}
	c.leaveIfIdle()
}

// settings takes over what the server allows, and says so.
func (c *http2Conn) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	table := int64(-1)
	c.mu.Lock()
	err := f.ForeachSetting(func(s http2.Setting) error {
		if err := s.Valid(); err != nil {
			return err
		}
		switch s.ID {
		case http2.SettingMaxConcurrentStreams:
			c.most = s.Val
		case http2.SettingMaxFrameSize:
			c.frame = int64(s.Val)
		case http2.SettingHeaderTableSize:
			table = int64(s.Val)
		case http2.SettingInitialWindowSize: // also of the streams that there are (RFC 9113, section 6.9.2)
			for _, stream := range c.streams {
				stream.window += int64(s.Val) - c.initial
			}
			c.initial = int64(s.Val)
		}
		return nil
	})
	c.wider()
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%w: %w", errViolation, err)
	}
	return c.write(func() error {
		if table >= 0 {
			c.fields.SetMaxDynamicTableSizeLimit(uint32(table))
		}
		return c.framer.WriteSettingsAck()
	})
}

// widen lets more be sent.
func (c *http2Conn) widen(f *http2.WindowUpdateFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.StreamID == 0 {
		c.window += int64(f.Increment)
	} else if s := c.streams[f.StreamID]; s != nil {
		s.window += int64(f.Increment)
	}
	c.wider()
}

// wider wakes who waits for room. The caller holds the lock.
func (c *http2Conn) wider() {
	close(c.room)
	c.room = make(chan struct{})
}

// kindOfHTTP2 names a failure of a request or of a whole connection. ctx is the hard deadline.
func kindOfHTTP2(ctx context.Context, err error, at stage) (kind record.ErrKind, said string) {
	var reset resetError
	var connection http2.ConnectionError
	switch {
	case err == nil:
		return record.NoError, ""
	case errors.Is(err, errGoAway), errors.Is(err, errRefused):
		return record.ErrGoAway, err.Error()
	case errors.As(err, &reset) && at == answering:
		return record.ErrTruncated, reset.Error()
	case errors.As(err, &reset):
		return record.ErrReset, reset.Error()
	case errors.Is(err, io.ErrUnexpectedEOF) && at == waiting:
		return record.ErrEOF, text(err)
	case errors.Is(err, errChecksum):
		return record.ErrChecksum, text(err)
	case errors.As(err, &connection), isOneOf(err, violations):
		return record.ErrOther, errViolation.Error() // the error's own text could quote it
	}
	return classify(ctx, err, at), text(err)
}

// violations are what a server must not send.
var violations = []error{errViolation, errHeaderTooLarge, errTooManyInformational, http2.ErrFrameTooLarge}

func isOneOf(err error, all []error) bool {
	return slices.ContainsFunc(all, func(one error) bool { return errors.Is(err, one) })
}
