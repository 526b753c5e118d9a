package loadgen

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
)

var errChecksum = errors.New("the body is not the one that was announced")

// digest checks a body against its Content-Digest (RFC 9530). Of the algorithms there it knows sha-256.
type digest struct {
	want string // base64; "" none announced
	sum  hash.Hash
}

func announced(h http.Header) digest {
	for _, value := range h.Values("Content-Digest") {
		for member := range strings.SplitSeq(value, ",") {
			algorithm, item, _ := strings.Cut(strings.TrimSpace(member), "=")
			if strings.EqualFold(algorithm, "sha-256") {
				item, _, _ = strings.Cut(item, ";") // parameters mean nothing here
				return digest{want: strings.Trim(item, ":"), sum: sha256.New()}
			}
		}
	}
	return digest{}
}

// writer takes the body's bytes.
func (d digest) writer() io.Writer {
	if d.sum == nil {
		return io.Discard
	}
	return d.sum
}

// verify is to be called once the whole body has been written. A digest that cannot be read is a wrong one: the server
// said that it announces something.
func (d digest) verify() error {
	if d.sum == nil {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(d.want)
	if err != nil {
		return fmt.Errorf("%w: its Content-Digest is not base64", errChecksum)
	}
	if !bytes.Equal(want, d.sum.Sum(nil)) {
		return fmt.Errorf("%w: sha-256 differs", errChecksum)
	}
	return nil
}
