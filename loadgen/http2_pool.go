package loadgen

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/lastcall-dev/lastcall/record"
)

// DefaultMultiplexed is how many connections a class keeps whose connections carry many requests at once: as many as it
// takes for each of a few pods to be likely to have one.
const DefaultMultiplexed = 6

// maxConnections bounds the connections whose entries a load keeps. An orderly service makes its clients open one each time
// that a pod ends.
const maxConnections = 10_000

// ErrConnections means that there were more connections than the ledger holds.
var ErrConnections = errors.New("more than 10,000 connections were made: the ledger does not hold them all")

// http2Book knows all connections of a load, and waits for their readers.
type http2Book struct {
	mu      sync.Mutex
	open    map[*http2Conn]struct{}
	past    []record.Connection
	dropped bool
	readers sync.WaitGroup
}

func newHTTP2Book() *http2Book { return &http2Book{open: map[*http2Conn]struct{}{}} }

// begin takes a connection in and lets it begin.
func (b *http2Book) begin(c *http2Conn) {
	b.mu.Lock()
	b.open[c] = struct{}{}
	b.mu.Unlock()
	c.greet()
	b.readers.Go(c.read)
}

// ended keeps the entry of a connection, which is not needed any more.
func (b *http2Book) ended(c *http2Conn) {
	entry := c.ledger()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, c)
	if len(b.past) >= maxConnections {
		b.dropped = true
		return
	}
	b.past = append(b.past, entry)
}

// close ends all connections and returns when nothing more comes of them. The error is ErrConnections.
func (b *http2Book) close() error {
	b.mu.Lock()
	open := b.connections()
	b.mu.Unlock()
	for _, c := range open {
		c.end(errDone)
	}
	b.readers.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped {
		return ErrConnections
	}
	return nil
}

// connections that have not ended. The caller holds the lock.
func (b *http2Book) connections() []*http2Conn {
	open := make([]*http2Conn, 0, len(b.open))
	for c := range b.open {
		open = append(open, c)
	}
	return open
}

// ledger of all connections, by their numbers.
func (b *http2Book) ledger() record.Ledger {
	b.mu.Lock()
	all, open := slices.Clone(b.past), b.connections()
	b.mu.Unlock()
	for _, c := range open {
		all = append(all, c.ledger())
	}
	slices.SortFunc(all, func(x, y record.Connection) int { return cmp.Compare(x.Conn, y.Conn) })
	return record.Ledger{Connections: all}
}

// http2Pool keeps size connections and uses them in turn. One that the server told to go away, or that has ended, is
// replaced when the next request comes. A request that finds none gets a further one, because the open model does not
// wait; what is then too many is closed when it is idle.
type http2Pool struct {
	size int
	dial func(ctx context.Context) (*http2Conn, int, error)

	mu       sync.Mutex
	open     []*http2Conn
	turn     int
	dialling int
}

// get returns a connection that takes requests and how many were tried to make it: 0 for one that stood already.
func (p *http2Pool) get(ctx context.Context) (*http2Conn, int, error) {
	if c := p.take(); c != nil {
		return c, 0, nil
	}
	c, tried, err := p.dial(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	if err == nil {
		p.open = append(p.open, c)
	}
	return c, tried, err
}

// take returns the connection whose turn it is, or nil, having counted it, for one that is to be dialled.
func (p *http2Pool) take() *http2Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = slices.DeleteFunc(p.open, func(c *http2Conn) bool { return !c.usable() })
	for len(p.open) > p.size {
		p.open[p.size].retire()
		p.open = slices.Delete(p.open, p.size, p.size+1)
	}
	if len(p.open)+p.dialling >= p.size {
		for range p.open {
			p.turn++
			if c := p.open[p.turn%len(p.open)]; !c.full() {
				return c
			}
		}
	}
	p.dialling++
	return nil
}
