package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// exchange is one request and its answer on one connection.
type exchange struct {
	spec  Spec
	epoch time.Time
	wire  []byte // the request, as it is written
	// hard is the deadline of the whole load, by which a timeout is told from a cut-off.
	hard  context.Context //nolint:containedctx // it is compared with, not passed on
	conn  *conn
	at    stage
	begun func(pod string, firstByte time.Duration) // told when the answer's header is there
}

// maxPodName is the longest name that Kubernetes allows for a pod (a DNS subdomain, RFC 1123).
const maxPodName = 253

// maxInformational bounds the 1xx answers before the real one, as net/http's Transport does.
const maxInformational = 5

var errTooManyInformational = errors.New("more than 5 informational answers")

func (x *exchange) now() time.Duration { return time.Since(x.epoch) }

// run fills in the record from what the socket says, and reports whether the connection can carry another request.
func (x *exchange) run(r *record.Request) (reusable bool) {
	x.at = waiting
	r.Conn, r.Reused = x.conn.id, x.conn.carried
	answer, whole, err := x.ask(r) //nolint:bodyclose // its body lies on the connection: read to its end, or dropped with it
	if err == nil {
		r.Bytes, err = x.body(answer)
	}
	r.End = x.now()
	x.conn.carried++
	if err != nil {
		x.fail(r, err)
		return false
	}
	if r.Code != x.spec.Expect {
		r.ErrKind, r.Error = record.ErrStatus, "status "+strconv.Itoa(r.Code)
	}
	return whole && !r.Close && answer.StatusCode != http.StatusSwitchingProtocols && x.conn.in.Buffered() == 0
}

// ask writes the request and reads the answer's header. A server may answer without having read the whole request, so a
// failed write is an error only when no answer follows; whole tells that it had not failed.
func (x *exchange) ask(r *record.Request) (answer *http.Response, whole bool, err error) {
	x.conn.limitHeader()
	_, written := x.conn.Write(x.wire)
	if written != nil && isTimeout(written) {
		return nil, false, written
	}
	for range maxInformational + 1 {
		if _, err := x.conn.in.Peek(1); err != nil {
			return nil, false, firstCause(written, err)
		}
		r.FirstByte, x.at = x.now(), answering
		answer, err = http.ReadResponse(x.conn.in, &http.Request{Method: x.spec.Method})
		if err != nil {
			return nil, false, err
		}
		if answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			x.header(answer, r)
			return answer, written == nil, nil
		}
	}
	return nil, false, errTooManyInformational
}

// firstCause picks what tells more of why there was no answer: a reset that the write met is used up by it, and the read
// after it sees an ordinary end.
func firstCause(written, read error) error {
	if written != nil && isReset(written) && !isPipe(written) {
		return written
	}
	return read
}

func (x *exchange) header(answer *http.Response, r *record.Request) {
	r.Code, r.Close, r.Want = answer.StatusCode, answer.Close, answer.ContentLength
	r.Pod = bounded(answer.Header.Get(x.spec.PodHeader), maxPodName)
	switch {
	case r.Pod != "":
		x.conn.pod = r.Pod
	case podOf(x.conn.Conn) != "": // an answer that names no pod, from one that is known
		r.Pod = podOf(x.conn.Conn)
	}
	x.begun(r.Pod, r.FirstByte)
}

// body reads the answer to its end and checks it against what was announced.
func (x *exchange) body(answer *http.Response) (int64, error) {
	x.conn.limitBody()
	check := announced(answer.Header)
	n, err := io.Copy(check.writer(), answer.Body)
	if err != nil {
		return n, err
	}
	if x.spec.Method == http.MethodHead {
		return n, nil
	}
	return n, check.verify()
}

// fail records an error. Without an answer of its own, the request's pod is the one that answered on the connection
// before.
func (x *exchange) fail(r *record.Request, err error) {
	var socket *net.OpError
	r.Error = text(err)
	switch r.ErrKind = classify(x.hard, err, x.at); {
	case errors.Is(err, errChecksum):
		r.ErrKind = record.ErrChecksum
	case r.ErrKind == record.ErrOther && !errors.As(err, &socket):
		r.Error = "malformed answer" // the error's own text could quote it
	}
	if r.Code == 0 && x.conn.pod != "" {
		r.Pod, r.PodByConn = x.conn.pod, true
	}
}
