package loadgen

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// moment of a request at which the test's server kills its connection.
type moment string

const (
	beforeReading   moment = "before reading the request"
	beforeFirstByte moment = "after reading and before the first byte"
	insideHeader    moment = "inside the header"
	insideBody      moment = "inside the body"
)

// killer is a server of HTTP/1.1 on bare connections. It counts every request that reaches it, kills the connection of
// exactly those that pick chooses, and answers the others.
type killer struct {
	pick  func(nth int) bool // nth request on its connection, from 0
	when  moment
	reset bool // RST instead of FIN
	// hangUp closes each connection after its first answer, without having said so.
	hangUp bool

	listener net.Listener
	arrived  atomic.Int64
	killed   atomic.Int64
	answered atomic.Int64
	raced    atomic.Int64  // requests that came on a connection after the hang-up
	done     chan struct{} // closed after enough kills
	enough   atomic.Int64
	once     sync.Once
	work     sync.WaitGroup
	open     sync.Map
}

const podName = "pod-of-the-test"

func (k *killer) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.listener, k.done = listener, make(chan struct{})
	k.work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			k.open.Store(c, true)
			k.work.Go(func() {
				defer k.open.Delete(c)
				k.serve(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		k.open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		k.work.Wait()
	})
	return listener.Addr().String()
}

func (k *killer) serve(c *net.TCPConn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	for nth := 0; ; nth++ {
		if _, err := in.Peek(1); err != nil {
			return
		}
		k.arrived.Add(1)
		doomed := k.pick(nth)
		if doomed && k.when == beforeReading {
			k.kill(c)
			return
		}
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		if doomed {
			k.begin(c)
			k.kill(c)
			return
		}
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Pod-Name: %s\r\nContent-Length: 2\r\n\r\nok", podName)
		k.answered.Add(1)
		if k.hangUp {
			_ = c.CloseWrite()
			if n, _ := io.Copy(io.Discard, in); n > 0 {
				k.arrived.Add(1)
				k.raced.Add(1)
			}
			k.count()
			return
		}
	}
}

// begin writes as much of the answer as comes before the kill.
func (k *killer) begin(c net.Conn) {
	header := "HTTP/1.1 200 OK\r\nX-Pod-Name: " + podName + "\r\n"
	switch k.when {
	case insideHeader:
		_, _ = io.WriteString(c, header)
	case insideBody:
		_, _ = io.WriteString(c, header+"Content-Length: 1000\r\n\r\nonly the beginning")
	}
}

func (k *killer) kill(c *net.TCPConn) {
	k.killed.Add(1)
	if k.reset {
		_ = c.SetLinger(0)
		_ = c.Close()
	} else {
		// Unread data would turn the close into a reset, so only this side is closed at first.
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}
	k.count()
}

func (k *killer) count() {
	if k.enough.Add(-1) <= 0 {
		k.once.Do(func() { close(k.done) })
	}
}

// limit of every wait in these tests: far above what a busy machine needs.
const patience = 30 * time.Second

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}
