package record

import "time"

// Class tells kinds of traffic apart that must never be mixed in one figure: the connection, the protocol and the shape
// of the request, as "new/http1/fast".
type Class string

// The classes of HTTP/1.1 traffic.
const (
	NewFast    Class = "new/http1/fast"    // a new connection for each request
	ReusedFast Class = "reused/http1/fast" // kept-alive connections, reused
	NewSlow    Class = "new/http1/slow"    // takes longer than a pod delete; a new connection each
)

// NewConnection reports whether each request of the class opens a connection of its own, so that the dataplane routes
// each of them anew.
func (c Class) NewConnection() bool { return len(c) >= 4 && c[:4] == "new/" }

// Slow reports whether requests of the class are meant to outlast a delete.
func (c Class) Slow() bool { return len(c) >= 5 && c[len(c)-5:] == "/slow" }

// ErrKind is how a request failed, seen from the client's socket. Empty: it did not.
type ErrKind string

// What the client's socket says. A request that got an answer with an unexpected status has ErrStatus.
const (
	NoError      ErrKind = ""
	ErrRefused   ErrKind = "refused"   // connection refused (RST to the SYN)
	ErrReset     ErrKind = "reset"     // connection reset after it had been made
	ErrEOF       ErrKind = "eof"       // closed by the peer before the answer's first byte
	ErrTruncated ErrKind = "truncated" // the answer began, and ended before its announced length
	ErrChecksum  ErrKind = "checksum"  // the body is whole by length and wrong by content
	ErrTimeout   ErrKind = "timeout"   // no answer within the request's limit, the dial included
	ErrDial      ErrKind = "dial"      // dial failed otherwise: no route, unreachable
	ErrDNS       ErrKind = "dns"
	ErrStatus    ErrKind = "status"   // answered, with a status that was not asked for
	ErrGoAway    ErrKind = "goaway"   // refused unprocessed, by an HTTP/2 server that goes away: GOAWAY or REFUSED_STREAM (RFC 9113, section 8.7)
	ErrCanceled  ErrKind = "canceled" // ended by the harness itself at the hard deadline: says nothing of the server
	ErrOther     ErrKind = "other"
)

// Request is one request as the client saw it. A request that an HTTP client would have repeated in silence is one
// Request per attempt that was killed.
type Request struct {
	Seq   uint64 `json:"seq" parquet:"seq"` // unique in the run, ordered by Due
	Agent string `json:"agent" parquet:"agent,dict"`
	Node  string `json:"node" parquet:"node,dict"` // the node that it was sent from
	Class Class  `json:"class" parquet:"class,dict"`
	// Method and Path of the request; the path without its query.
	Method string `json:"method" parquet:"method,dict"`
	Path   string `json:"path" parquet:"path,dict"`

	Due       time.Duration `json:"due" parquet:"due"`              // when the schedule wanted it
	Start     time.Duration `json:"start" parquet:"start"`          // when it was begun; Start-Due is the generator's lateness
	Connected time.Duration `json:"connected" parquet:"connected"`  // when its connection was ready; for a reused one Start; 0 never
	FirstByte time.Duration `json:"firstByte" parquet:"first_byte"` // first byte of the answer; 0 never
	End       time.Duration `json:"end" parquet:"end"`

	Code    int     `json:"code" parquet:"code"` // HTTP status; 0: no answer
	ErrKind ErrKind `json:"errKind,omitempty" parquet:"err_kind,dict"`
	Error   string  `json:"error,omitempty" parquet:"error,dict"` // the error's text, bounded and without bodies

	Pod       string `json:"pod,omitempty" parquet:"pod,dict"`          // the pod that answered; "" unknown
	PodByConn bool   `json:"podByConn,omitempty" parquet:"pod_by_conn"` // no answer of its own: Pod is known from earlier answers on the same connection
	Conn      uint64 `json:"conn" parquet:"conn"`                       // the connection, unique within the agent; 0: none was made
	Reused    int    `json:"reused" parquet:"reused"`                   // requests that the connection had carried before this one
	Dials     int    `json:"dials" parquet:"dials"`                     // connections tried for this request: > 1 would be a hidden repeat
	Close     bool   `json:"close,omitempty" parquet:"close"`           // the answer carried Connection: close, or GOAWAY had come when it ended
	Bytes     int64  `json:"bytes" parquet:"bytes"`                     // body bytes read
	Want      int64  `json:"want" parquet:"want"`                       // body bytes announced; -1 not announced

	// GRPC is the status that a gRPC call was answered with, 0 (OK) to 16; 0 also where no status came, and for other classes.
	GRPC int `json:"grpc,omitempty" parquet:"grpc"`
	// Tries is how many requests a client that retries by itself sent for this one; 0 for clients that do not.
	Tries int `json:"tries,omitempty" parquet:"tries"`
	// RetryAfter is what an answer said in that header (RFC 9110 §10.2.3); 0: it had none.
	RetryAfter time.Duration `json:"retryAfter,omitempty" parquet:"retry_after"`
}

// Failed reports whether the request counts against the service: an error on the wire or an unexpected status. One that
// the harness itself cut off does not count; a run with such requests is judged by load-was-real.
func (r Request) Failed() bool { return r.ErrKind != NoError && r.ErrKind != ErrCanceled }

// Latency is the time from when the request was due until its last byte, so that a stalled generator cannot hide a slow
// answer (coordinated omission).
func (r Request) Latency() time.Duration { return r.End - r.Due }

// Late is how long after its due time the request was begun.
func (r Request) Late() time.Duration { return r.Start - r.Due }

// Accepted reports whether a connection to some server stood when the request failed or was answered.
func (r Request) Accepted() bool { return r.Connected > 0 }
