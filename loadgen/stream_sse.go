package loadgen

import (
	"context"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Server-sent events, followed as an EventSource does, but for one thing: an EventSource connects again whenever its
// answer has ended, so for a user a server that just stops looks like one that says so. Here the server has to say it, by
// an event of the name reconnect.
var _ = register(record.EventStream, streams(eventStream))

const (
	eventStreamType = "text/event-stream"
	reconnectEvent  = "reconnect"
)

// serverEvent is one server-sent event, its fields as they are sent.
type serverEvent struct {
	name, id, data string
	retry          time.Duration
}

func eventStream(ctx context.Context, c *contact, after int, got func(number, of int) error) (bye farewell, err error) {
	headers := []string{"Accept", eventStreamType}
	if after > 0 {
		headers = append(headers, "Last-Event-ID", strconv.Itoa(after))
	}
	answer, err := c.get(ctx, "", "", headers...)
	if err != nil {
		return bye, err
	}
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || kind != eventStreamType {
		return bye, fmt.Errorf("%w: the answer is no event stream", errMalformed)
	}
	err = readEvents(func(take func(line string) error) error { return readLines(answer.Body, take) }, func(e serverEvent) error {
		if e.retry > 0 {
			bye.wait = e.retry
		}
		switch {
		case e.name == reconnectEvent:
			bye.handedOver = true
			return nil
		case e.data == "":
			return nil // not dispatched
		}
		number, of, err := numbered(e.data)
		if err == nil && e.id != strconv.Itoa(number) {
			err = fmt.Errorf("%w: the id of message %d is another", errMalformed, number)
		}
		if err != nil {
			return err
		}
		return got(number, of)
	})
	return bye, err
}

// readEvents reads the fields of events (WHATWG HTML, section 9.2.6), an event at each empty line. An event that the end
// cuts off is none.
func readEvents(lines func(take func(line string) error) error, take func(serverEvent) error) error {
	var e serverEvent
	return lines(func(line string) error {
		if line == "" {
			whole := e
			e = serverEvent{}
			return take(whole)
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			if e.data != "" {
				value = e.data + "\n" + value
			}
			if e.data = value; len(value) > maxLine {
				return fmt.Errorf("%w: an event of more than %d bytes", errMalformed, maxLine)
			}
		case "retry":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				e.retry = time.Duration(n) * time.Millisecond
			}
		}
		return nil
	})
}
