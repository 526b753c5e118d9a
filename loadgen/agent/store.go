package agent

import (
	"cmp"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// row is a request without the strings that many of them share: 104 bytes instead of 310.
type row struct {
	due, start, connected, firstByte, end time.Duration
	retryAfter                            time.Duration
	bytes, want                           int64
	conn                                  uint64
	reused, code, dials, tries            int32
	class, method, path, kind, pod, said  uint16 // into store.words
	byConn, closed                        bool
	grpc                                  int8
}

// chunk is how many rows are allocated at a time, so that growing never copies what is there.
const chunk = 4096

// maxWords bounds the different strings of a store. Texts of errors are the only ones that a server could make many of.
const maxWords = 4096

const tooManyWords = "(more different texts than are kept)"

// store keeps requests in bounded memory.
type store struct {
	capacity int

	mu       sync.Mutex
	chunks   [][]row
	count    int
	words    []string
	index    map[string]uint16
	answered uint64
	failed   uint64
	overflow bool
}

func newStore(capacity int) *store {
	s := &store{capacity: capacity, index: map[string]uint16{}}
	s.word("")
	s.word(tooManyWords)
	return s
}

// add keeps a request; it reports false, and keeps nothing, when the store is full.
func (s *store) add(r record.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Failed():
		s.failed++
	case r.ErrKind == record.NoError:
		s.answered++
	}
	if s.count >= s.capacity {
		s.overflow = true
		return false
	}
	if s.count%chunk == 0 {
		s.chunks = append(s.chunks, make([]row, 0, chunk))
	}
	last := &s.chunks[len(s.chunks)-1]
	*last = append(*last, s.pack(r))
	s.count++
	return true
}

// word numbers a string. The caller holds the lock.
func (s *store) word(text string) uint16 {
	if i, known := s.index[text]; known {
		return i
	}
	if len(s.words) >= maxWords {
		return s.index[tooManyWords]
	}
	i := uint16(len(s.words))
	s.words = append(s.words, text)
	s.index[text] = i
	return i
}

func (s *store) pack(r record.Request) row {
	return row{
		due: r.Due, start: r.Start, connected: r.Connected, firstByte: r.FirstByte, end: r.End,
		bytes: r.Bytes, want: r.Want, conn: r.Conn,
		reused: int32(r.Reused), code: int32(r.Code), dials: int32(r.Dials),
		tries: int32(r.Tries), retryAfter: r.RetryAfter,
		class: s.word(string(r.Class)), method: s.word(r.Method), path: s.word(r.Path),
		kind: s.word(string(r.ErrKind)), pod: s.word(r.Pod), said: s.word(r.Error),
		byConn: r.PodByConn, closed: r.Close, grpc: int8(r.GRPC),
	}
}

// all yields the requests in the order in which they were due. Nothing may be added any more: the lock is not held while
// a slow reader takes them.
func (s *store) all(agent, node string) iter.Seq[record.Request] {
	return func(yield func(record.Request) bool) {
		rows, words := s.sorted()
		for i, w := range rows {
			r := w.unpack(words)
			r.Seq, r.Agent, r.Node = uint64(i)+1, agent, node
			if !yield(r) {
				return
			}
		}
	}
}

// sorted gives the rows in the order in which they were due, and the words that they refer to. It sorts without the
// lock, because requests go on ending meanwhile.
func (s *store) sorted() ([]*row, []string) {
	rows, words := s.rows()
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.class, b.class))
	})
	return rows, words
}

func (s *store) rows() ([]*row, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]*row, 0, s.count)
	for _, c := range s.chunks {
		for i := range c {
			rows = append(rows, &c[i])
		}
	}
	return rows, slices.Clone(s.words)
}

func (w *row) unpack(words []string) record.Request {
	return record.Request{
		Class: record.Class(words[w.class]), Method: words[w.method], Path: words[w.path],
		Due: w.due, Start: w.start, Connected: w.connected, FirstByte: w.firstByte, End: w.end,
		Code: int(w.code), ErrKind: record.ErrKind(words[w.kind]), Error: words[w.said],
		Pod: words[w.pod], PodByConn: w.byConn, Conn: w.conn, Reused: int(w.reused), Dials: int(w.dials),
		Close: w.closed, Bytes: w.bytes, Want: w.want, Tries: int(w.tries), RetryAfter: w.retryAfter,
		GRPC: int(w.grpc),
	}
}

// counts tells how many requests ended well and in a failure of the service, and whether any found no room.
func (s *store) counts() (answered, failed uint64, overflow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered, s.failed, s.overflow
}
