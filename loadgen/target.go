package loadgen

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// Target is where traffic goes.
type Target struct {
	Address string `json:"address"` // "10.96.1.2:80", dialled as it is: names would add a cache and a resolver to what is measured
	// Dial, if set, opens each connection in place of dialling Address, which then only names the target in requests. What
	// it returns, connection or error, may be a Podder. A connection must be a syscall.Conn to be reused.
	Dial func(ctx context.Context) (net.Conn, error) `json:"-"`
	// GRPC is the address that gRPC is served at, and DialGRPC for it what Dial is for Address; "" where none is.
	GRPC     string                                      `json:"grpc,omitempty"`
	DialGRPC func(ctx context.Context) (net.Conn, error) `json:"-"`
	// API is the cluster's API server, for the classes that ask it; nil where there are none.
	API *API `json:"api,omitempty"`
}

// Podder is a connection, or the error of a failed dial, that leads to a pod that is known.
type Podder interface{ Pod() string }

// Open makes one connection and tells how many were tried, which would be more than one for a name with several
// addresses.
func (t Target) Open(ctx context.Context) (conn net.Conn, tried int, err error) {
	if t.Dial != nil {
		conn, err = t.Dial(ctx)
		return conn, 1, err
	}
	var sockets atomic.Int64
	network := net.Dialer{Control: func(string, string, syscall.RawConn) error {
		sockets.Add(1)
		return nil
	}}
	conn, err = network.DialContext(ctx, "tcp", t.Address)
	return conn, int(sockets.Load()), err
}

// ForGRPC is the target of gRPC calls. Its address is empty where there is none.
func (t Target) ForGRPC() Target { return Target{Address: t.GRPC, Dial: t.DialGRPC} }

// podOf is the pod that a connection leads to; "" when it does not say.
func podOf(c net.Conn) string {
	if p, ok := c.(Podder); ok {
		return p.Pod()
	}
	return ""
}

// podOfError is the pod that a dial failed to reach; "" when the error does not say.
func podOfError(err error) string {
	var p Podder
	if errors.As(err, &p) {
		return p.Pod()
	}
	return ""
}
