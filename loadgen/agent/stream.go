package agent

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/lastcall-dev/lastcall/record"
)

// serveRecords streams everything that was recorded, as lines of JSON under gzip. It may be asked for again, and with
// the query parameter soFar also while the load runs.
func (a *agent) serveRecords(w http.ResponseWriter, r *http.Request) {
	head, err := a.preamble(r.URL.Query().Has(soFar))
	if err != nil {
		a.reply(w, err)
		return
	}
	w.Header().Set(contentType, ndjson)
	w.Header().Set(contentCoded, "gzip")
	packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is valid
	err = writeRecords(packed, head, a.store.all(a.name, a.node))
	if err = errors.Join(err, packed.Close()); err != nil {
		a.log.Warn("records were not handed over", "agent", a.name, "error", err)
	}
}

func writeRecords(to io.Writer, head preamble, requests iter.Seq[record.Request]) error {
	buffered := bufio.NewWriterSize(to, 64<<10)
	sum := sha256.New()
	lines := json.NewEncoder(io.MultiWriter(buffered, sum))
	if err := lines.Encode(head); err != nil {
		return err
	}
	var count uint64
	for r := range requests {
		if err := lines.Encode(r); err != nil {
			return err
		}
		count++
	}
	last := trailer{Count: count, SHA256: hex.EncodeToString(sum.Sum(nil))}
	if err := json.NewEncoder(buffered).Encode(last); err != nil {
		return err
	}
	return buffered.Flush()
}

// ErrIncomplete means that records arrived in part or changed on their way.
var ErrIncomplete = errors.New("the agent's records are not whole")

// maxLine bounds one line of records: a request has less than 2 KiB, the preamble with all its probes less than 256, and
// with a ledger of tens of thousands of entries some megabytes.
const maxLine = 64 << 20

// readRecords reads what writeRecords wrote. Every line but the last is held back until the next is there, because only
// then is it known to be none of the trailer.
func readRecords(from io.Reader) (Records, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	sum := sha256.New()
	var records Records
	var held []byte
	for number := 0; lines.Scan(); number++ {
		if number > 0 {
			_, _ = sum.Write(append(held, '\n'))
			if err := records.take(number-1, held); err != nil {
				return Records{}, err
			}
		}
		held = append(held[:0], lines.Bytes()...)
	}
	if err := lines.Err(); err != nil {
		return Records{}, fmt.Errorf("%w: after %d requests: %w", ErrIncomplete, len(records.Requests), err)
	}
	var last trailer
	if err := strict(held, &last); err != nil || last.SHA256 == "" {
		return Records{}, fmt.Errorf("%w: they end after %d requests without a trailer", ErrIncomplete, len(records.Requests))
	}
	if got := uint64(len(records.Requests)); last.Count != got {
		return Records{}, fmt.Errorf("%w: %d requests of %d", ErrIncomplete, got, last.Count)
	}
	if hex.EncodeToString(sum.Sum(nil)) != last.SHA256 {
		return Records{}, fmt.Errorf("%w: their checksum is wrong", ErrIncomplete)
	}
	return records, nil
}

// take reads one line: the preamble, then requests.
func (r *Records) take(number int, line []byte) error {
	if number > 0 {
		var request record.Request
		if err := strict(line, &request); err != nil {
			return fmt.Errorf("%w: request %d: %w", ErrIncomplete, number, err)
		}
		r.Requests = append(r.Requests, request)
		return nil
	}
	var head preamble
	if err := strict(line, &head); err != nil {
		return fmt.Errorf("%w: preamble: %w", ErrIncomplete, err)
	}
	r.Agent, r.Node, r.Began, r.Ended = head.Agent, head.Node, head.Began, head.Ended
	r.Sent, r.Probes, r.Ledger, r.Error = head.Sent, head.Probes, head.Ledger, head.Error
	return nil
}

func strict(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
