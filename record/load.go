package record

import (
	"net/http"
	"regexp"
	"time"
)

// Load is one kind of traffic as it was asked for, over all agents.
type Load struct {
	Class  Class         `json:"class"`
	Rate   float64       `json:"rate"` // requests per second, all agents together
	Method string        `json:"method"`
	Path   string        `json:"path"`
	Takes  time.Duration `json:"takes,omitempty"` // how long one request is meant to take
	// Header is sent with each request. Of a header that may hold a secret it says Redacted; see SetHeader.
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
	Expect int               `json:"expect,omitempty"` // the status that counts as an answer; 0: 200
	// secrets are the values that Header withholds. They are in the memory of the process that sends and nowhere else.
	secrets map[string]string
}

// Redacted stands where a value was that is nobody's business.
const Redacted = "(redacted)"

// secretNames match names of headers and variables by which somebody identifies himself.
var secretNames = regexp.MustCompile(`(?i)authorization|cookie|token|secret|password|key|credential|session|signature`)

// SecretName reports whether what has such a name may be a secret, which must not be saved or shown.
func SecretName(name string) bool { return secretNames.MatchString(name) }

// SetHeader has the header sent with each request of the load. A value that may be a secret, by the header's name, is
// kept out of everything that is saved or shown.
func (l *Load) SetHeader(name, value string) {
	name = http.CanonicalHeaderKey(name)
	if l.Header == nil {
		l.Header = map[string]string{}
	}
	l.Header[name] = value
	if !SecretName(name) {
		return
	}
	if l.secrets == nil {
		l.secrets = map[string]string{}
	}
	l.Header[name], l.secrets[name] = Redacted, value
}

// SentHeader is the header as it goes over the wire, for the sources of traffic alone. Of a load that was read from a
// saved run, the secrets are missing.
func (l Load) SentHeader() map[string]string {
	if len(l.Header) == 0 {
		return nil
	}
	sent := make(map[string]string, len(l.Header))
	for name, value := range l.Header {
		if secret, ok := l.secrets[name]; ok {
			value = secret
		}
		sent[name] = value
	}
	return sent
}
