// Package loadgen turns a description of traffic into record.Requests, one for each attempt that went over the wire.
//
// Three rules keep it from flattering the service under test:
//
//   - Open model. A request is begun when it is due, whether or not earlier ones have come back, and its latency counts
//     from when it was due. What the generator itself was late by is in the record (Start minus Due).
//   - No hidden repeat. net/http's Transport sends an idempotent request again when a reused connection dies under it.
//     Here each request is written to exactly one connection by this package itself, so what the server killed is one
//     failed record per kill, for GET as for POST.
//   - New and reused connections are different classes and never share a connection.
//
// Streams and watches are not requests: they go on for long, over more than one connection where a pod ends, and whether
// they did so without a loss is what matters. They are written down whole, in the ledger.
//
// HTTP/2 and gRPC are spoken by a client of this package's own, because those of net/http and grpc-go repeat what GOAWAY
// refused, and hide the frame. What each of its connections was told is in the ledger.
//
// vegeta paces and runs the workers; this package is the only importer of it. A new kind of traffic is one file that
// registers a constructor for its class.
package loadgen
