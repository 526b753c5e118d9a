package record

import (
	"strings"
	"time"
)

// The classes of traffic of which a connection carries many requests, each on a stream of HTTP/2 (RFC 9113), and the class
// of gRPC streams, which open a connection each.
const (
	HTTP2Fast  Class = "reused/http2/fast" // HTTP/2 without TLS, with prior knowledge
	GRPCFast   Class = "reused/grpc/fast"  // unary calls
	GRPCStream Class = "grpc/stream"       // server streams
)

// OnHTTP2 reports whether requests of the class travel on streams of HTTP/2, so that the server has GOAWAY to say that it
// takes no more of them.
func (c Class) OnHTTP2() bool { return c == HTTP2Fast || c.OnGRPC() }

// OnGRPC reports whether requests of the class are gRPC calls.
func (c Class) OnGRPC() bool {
	return strings.HasPrefix(string(c), "grpc/") || strings.Contains(string(c), "/grpc/")
}

// Connection is one HTTP/2 connection as its client saw it.
type Connection struct {
	Agent string `json:"agent"`
	Node  string `json:"node"` // that the agent is on
	Class Class  `json:"class"`
	Conn  uint64 `json:"conn"`          // its number, as in Request.Conn
	Pod   string `json:"pod,omitempty"` // at its other end; "" unknown
	// Opened is when it stood; Closed when it had ended, 0: it had not.
	Opened time.Duration `json:"opened"`
	Closed time.Duration `json:"closed"`
	// First and Last are when its first and its last request were sent; 0: never. Requests is how many those were, Answered
	// how many of them had an answer begun, and LastAnswer when the last of these was sent.
	First      time.Duration `json:"first"`
	Last       time.Duration `json:"last"`
	Requests   int           `json:"requests"`
	Answered   int           `json:"answered"`
	LastAnswer time.Duration `json:"lastAnswer"`
	// GoAways in the order in which they came, at most MaxGoAways.
	GoAways []GoAway `json:"goAways,omitempty"`
	End     string   `json:"end,omitempty"` // how it ended; "" it had not
	Kind    ErrKind  `json:"kind,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// GoAway is a GOAWAY frame (RFC 9113, section 6.8).
type GoAway struct {
	At time.Duration `json:"at"`
	// LastStream is the highest stream that the server may still answer; 2^31-1 announces the end and refuses nothing yet.
	LastStream uint32 `json:"lastStream"`
	Code       uint32 `json:"code"` // 0 is NO_ERROR
}

// MaxGoAways bounds the GOAWAY frames that are kept of one connection: an orderly server sends two.
const MaxGoAways = 4

// How a connection ended.
const (
	ConnectionLeft   = "left"   // by its client, after GOAWAY and the end of all its requests
	ConnectionDone   = "done"   // by its client, which needed it no more
	ConnectionClosed = "closed" // by the server, in the order of TCP
	ConnectionBroken = "broken" // anything else: Kind and Error say what
)

// Told reports whether the client was told by GOAWAY to send no more, and when first.
func (c Connection) Told() (at time.Duration, told bool) {
	if len(c.GoAways) == 0 {
		return 0, false
	}
	return c.GoAways[0].At, true
}

func (c *Connection) of(agent, node string, offset time.Duration) {
	c.Agent, c.Node = agent, node
	shift(offset, &c.Opened, &c.Closed, &c.First, &c.Last, &c.LastAnswer)
	c.GoAways = moved(c.GoAways, func(g *GoAway) { shift(offset, &g.At) })
}
