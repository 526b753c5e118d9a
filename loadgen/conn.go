package loadgen

import (
	"bufio"
	"context"
	"errors"
	"math"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// connections is where requests of a load get theirs from.
type connections interface {
	// get returns a connection and how many were tried to make it: 0 for one that stood already.
	get(ctx context.Context) (*conn, int, error)
	// put takes it back; reusable says that its last exchange ended cleanly and both sides mean to keep it.
	put(c *conn, reusable bool)
	// close drops the idle ones.
	close()
}

// connNumber counts the connections of this process, because a record's Conn is unique over all loads of an agent.
var connNumber atomic.Uint64

// conn is one connection with what is known of it. It is used by one request at a time.
type conn struct {
	net.Conn
	id      uint64
	made    time.Duration // since the epoch
	carried int           // requests before the current one
	pod     string        // that answered on it, or that it was dialled to
	in      *bufio.Reader
	budget  int64 // bytes that may still be read
}

// maxHeader bounds an answer's header, as net/http's default for servers does (1 MB).
const maxHeader = 1 << 20

var errHeaderTooLarge = errors.New("the answer's header is larger than 1 MiB")

// Read keeps within the budget, so that a server without end of header cannot fill the memory.
func (c *conn) Read(p []byte) (int, error) {
	if c.budget <= 0 {
		return 0, errHeaderTooLarge
	}
	if int64(len(p)) > c.budget {
		p = p[:c.budget]
	}
	n, err := c.Conn.Read(p)
	c.budget -= int64(n)
	return n, err
}

func (c *conn) limitHeader() { c.budget = maxHeader }
func (c *conn) limitBody()   { c.budget = math.MaxInt64 } // bodies are not kept; the timeout bounds them

// drop closes the connection. Its error would say nothing about any request: they have all ended.
func (c *conn) drop() { _ = c.Conn.Close() }

// usable looks, without waiting, whether the peer has closed an idle connection or sent something unasked for.
func (c *conn) usable() bool {
	socket, ok := c.Conn.(syscall.Conn)
	if !ok || c.in.Buffered() > 0 {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// dialer makes connections to one target.
type dialer struct {
	target Target
	epoch  time.Time
}

// dial makes one connection and tells how many were tried.
func (d dialer) dial(ctx context.Context) (*conn, int, error) {
	raw, tried, err := d.target.Open(ctx)
	if err != nil {
		return nil, tried, err
	}
	c := &conn{Conn: raw, id: connNumber.Add(1), made: time.Since(d.epoch), pod: podOf(raw)}
	c.in = bufio.NewReader(c)
	return c, tried, nil
}
