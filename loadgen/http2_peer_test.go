package loadgen

import (
	"bytes"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// http2Server is a server of HTTP/2 on bare connections, so that a test decides about each frame.
type http2Server struct {
	settings []http2.Setting
	// asked is called when a request has come whole. nth counts those of its connection from 0.
	asked func(p *http2Peer, stream uint32, nth int)
	// left is called when a client has closed its connection.
	left func(p *http2Peer)
	// frame, if set, sees each frame that comes.
	frame func(p *http2Peer, f http2.Frame)

	connections, requests, closed atomic.Int64

	listener net.Listener
	work     sync.WaitGroup
	open     sync.Map
}

// http2Peer is the server's side of one connection.
type http2Peer struct {
	conn   *net.TCPConn
	number int64 // of the connection, from 1
	body   int   // bytes of requests' bodies
	told   bool  // GOAWAY was sent

	mu     sync.Mutex
	framer *http2.Framer
	block  bytes.Buffer
	fields *hpack.Encoder
}

func (s *http2Server) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener = listener
	s.work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			tcp, _ := c.(*net.TCPConn)
			s.open.Store(c, true)
			number := s.connections.Add(1)
			s.work.Go(func() {
				defer s.open.Delete(c)
				defer func() { _ = c.Close() }()
				s.serve(tcp, number)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		s.work.Wait()
	})
	return listener.Addr().String()
}

func (s *http2Server) serve(c *net.TCPConn, number int64) {
	preface := make([]byte, len(http2.ClientPreface))
	for n := 0; n < len(preface); {
		got, err := c.Read(preface[n:])
		if err != nil {
			return
		}
		n += got
	}
	p := &http2Peer{conn: c, number: number, framer: http2.NewFramer(c, c)}
	p.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.fields = hpack.NewEncoder(&p.block)
	p.do(func(f *http2.Framer) error { return f.WriteSettings(s.settings...) })
	nth := 0
	for {
		frame, err := p.framer.ReadFrame()
		if err != nil {
			s.closed.Add(1)
			if s.left != nil {
				s.left(p)
			}
			return
		}
		if s.frame != nil {
			s.frame(p, frame)
		}
		ended := false
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			ended = f.StreamEnded()
		case *http2.DataFrame:
			p.body += len(f.Data())
			ended = f.StreamEnded()
		case *http2.SettingsFrame:
			if !f.IsAck() {
				p.do(func(w *http2.Framer) error { return w.WriteSettingsAck() })
			}
		}
		if ended {
			s.requests.Add(1)
			s.asked(p, frame.Header().StreamID, nth)
			nth++
		}
	}
}

// do writes frames. A client that has gone is noticed by who reads.
func (p *http2Peer) do(frames func(f *http2.Framer) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = frames(p.framer)
}

// header begins an answer.
func (p *http2Peer) header(stream uint32, ended bool, fields ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.block.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		_ = p.fields.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.block.Bytes(), EndStream: ended, EndHeaders: true})
}

func (p *http2Peer) data(stream uint32, ended bool, body string) {
	p.do(func(f *http2.Framer) error { return f.WriteData(stream, ended, []byte(body)) })
}

// answer is whole, with a body of two bytes.
func (p *http2Peer) answer(stream uint32) {
	p.begin(stream, 2)
	p.data(stream, true, "ok")
}

func (p *http2Peer) begin(stream uint32, length int) {
	p.header(stream, false, ":status", "200", "x-pod-name", podName, "content-length", strconv.Itoa(length))
}

func (p *http2Peer) goAway(last uint32, code http2.ErrCode) {
	p.told = true
	p.do(func(f *http2.Framer) error { return f.WriteGoAway(last, code, []byte("a secret of the server's")) })
}

func (p *http2Peer) reset(stream uint32, code http2.ErrCode) {
	p.do(func(f *http2.Framer) error { return f.WriteRSTStream(stream, code) })
}

// kill ends the connection by a reset, or in the order of TCP: what the client has still sent is read, because closing
// over it would be a reset, too.
func (p *http2Peer) kill(reset bool) {
	if !reset {
		_ = p.conn.CloseWrite()
		return
	}
	_ = p.conn.SetLinger(0)
	_ = p.conn.Close()
}

// nthCall is a channel that closes with the nth call of count.
func nthCall(n int64) (count func(), reached <-chan struct{}) {
	var calls atomic.Int64
	done := make(chan struct{})
	return func() {
		if calls.Add(1) == n {
			close(done)
		}
	}, done
}
