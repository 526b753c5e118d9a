package record

import (
	"strings"
	"time"
)

// The classes of streams and of the application's own watch. Each connection of theirs is a new one. They are in the ledger
// alone: what they do in the middle of their lives is no matter of requests.
const (
	EventStream   Class = "sse/stream"       // server-sent events (WHATWG HTML, 9.2)
	ChunkedStream Class = "chunked/stream"   // a download of unknown length (RFC 9112, 7.1)
	SocketStream  Class = "websocket/stream" // RFC 6455
	AppWatch      Class = "app/watch"        // the application's own watch
)

// Stream reports whether traffic of the class is streams.
func (c Class) Stream() bool { return strings.HasSuffix(string(c), "/stream") }

// Lasting reports whether traffic of the class is streams or watches of the service, which go on for as long as their
// client wants and which the ledger holds instead of the requests.
func (c Class) Lasting() bool {
	return c.Stream() || strings.HasSuffix(string(c), "/watch") && !c.OnAPI()
}

// Stream is one stream of numbered messages as its client saw it, over all connections that it took.
type Stream struct {
	Agent string        `json:"agent"`
	Node  string        `json:"node"` // that the agent is on
	Class Class         `json:"class"`
	Due   time.Duration `json:"due"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	// Wanted is how many messages the stream was to bring, numbered from 1; Got how many came, each counted once.
	Wanted int `json:"wanted"`
	Got    int `json:"got"`
	// Missing, Doubled and Disordered count messages over the whole stream.
	Missing    int         `json:"missing,omitempty"`
	Doubled    int         `json:"doubled,omitempty"`
	Disordered int         `json:"disordered,omitempty"`
	Legs       []StreamLeg `json:"legs"`
	// Canceled: the harness itself ended it at its deadline, which says nothing of the service.
	Canceled bool `json:"canceled,omitempty"`
}

// How one leg of a stream ended.
const (
	LegComplete   = "complete"    // all messages came, and the protocol's own end
	LegHandedOver = "handed over" // the server told the client to reconnect, and ended it cleanly
	LegBroken     = "broken"      // anything else: Error says what
	LegCanceled   = "canceled"    // by the harness itself: says nothing of the service
)

// StreamLeg is what came over one connection.
type StreamLeg struct {
	Pod    string        `json:"pod,omitempty"` // "" unknown
	Began  time.Duration `json:"began"`         // when its connection was asked for
	Opened time.Duration `json:"opened"`        // when the server had accepted the stream; 0 never
	Ended  time.Duration `json:"ended"`
	From   int           `json:"from"` // first and last number that came; 0: none
	To     int           `json:"to"`
	Last   time.Duration `json:"last"` // when the last message came; 0: none
	End    string        `json:"end"`
	// Code is the protocol's own of the end: a WebSocket's close code, a gRPC status, an HTTP status; 0: none came.
	Code  int     `json:"code,omitempty"`
	Kind  ErrKind `json:"kind,omitempty"`
	Error string  `json:"error,omitempty"`
}

func (s *Stream) of(agent, node string, offset time.Duration) {
	s.Agent, s.Node = agent, node
	shift(offset, &s.Due, &s.Began, &s.Ended)
	s.Legs = moved(s.Legs, func(l *StreamLeg) { shift(offset, &l.Began, &l.Opened, &l.Ended, &l.Last) })
}
