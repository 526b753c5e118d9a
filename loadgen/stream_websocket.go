package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/coder/websocket"

	"github.com/lastcall-dev/lastcall/record"
)

// WebSockets of text messages. A server that ends closes them with 1001, going away, or 1012, service restart (the IANA
// registry of close codes); clients connect again with ?after=. A connection that ends without a close frame is what
// browsers report as 1006 (RFC 6455, section 7.1.5).
var _ = register(record.SocketStream, streams(socketStream))

// errClosed is a close frame that asks nobody to come back.
var errClosed = errors.New("closed with code")

func socketStream(ctx context.Context, c *contact, after int, got func(number, of int) error) (farewell, error) {
	name := ""
	if after > 0 {
		name = "after"
	}
	target, err := c.url(name, strconv.Itoa(after))
	if err != nil {
		return farewell{}, err
	}
	header, host := c.header()
	conn, answer, err := websocket.Dial(ctx, target, &websocket.DialOptions{HTTPClient: c.client, HTTPHeader: header, Host: host}) //nolint:bodyclose // the connection is closed with the contact
	if answer != nil {
		c.answered(answer)
	}
	switch {
	case err != nil && answer != nil && answer.StatusCode != http.StatusSwitchingProtocols:
		return farewell{}, errAnswer
	case err != nil:
		return farewell{}, err
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return closing(err)
		}
		number, of, err := numbered(string(text))
		if err == nil {
			err = got(number, of)
		}
		if err != nil {
			return farewell{}, err
		}
	}
}

// closing tells by the error of a read how the server ended a WebSocket.
func closing(err error) (farewell, error) {
	switch code := websocket.CloseStatus(err); code {
	case websocket.StatusNormalClosure:
		return farewell{code: int(code)}, nil
	case websocket.StatusGoingAway, websocket.StatusServiceRestart:
		return farewell{code: int(code), handedOver: true}, nil
	case -1:
		return farewell{code: int(websocket.StatusAbnormalClosure)}, err
	default:
		return farewell{code: int(code)}, fmt.Errorf("%w %d", errClosed, code)
	}
}
