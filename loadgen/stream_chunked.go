package loadgen

import (
	"context"
	"strconv"

	"github.com/lastcall-dev/lastcall/record"
)

// A download of lines whose length nobody announces, so that only the last chunk tells that it is whole (RFC 9112, section
// 7.1). Such a download cannot be handed over; one that was cut is taken up again with ?after=.
var _ = register(record.ChunkedStream, streams(chunkedStream))

func chunkedStream(ctx context.Context, c *contact, after int, got func(number, of int) error) (farewell, error) {
	name := ""
	if after > 0 {
		name = "after"
	}
	answer, err := c.get(ctx, name, strconv.Itoa(after)) //nolint:bodyclose // the connection is closed with the contact
	if err != nil {
		return farewell{}, err
	}
	return farewell{}, readLines(answer.Body, func(line string) error {
		number, of, err := numbered(line)
		if err != nil {
			return err
		}
		return got(number, of)
	})
}
