package record

import (
	"net/http"
	"strconv"
	"time"
)

// Transactions are requests that belong together: stock is reserved, paid for, and the order confirmed, each step with an
// idempotency key and on a new connection.
const Transactions Class = "transaction/http1"

// The steps of a transaction, in their order.
const (
	Reserve = "reserve"
	Pay     = "pay"
	Confirm = "confirm"
)

// Steps of a transaction, in their order.
func Steps() []string { return []string{Reserve, Pay, Confirm} }

// The items of the stock. Of the scarce one there is so little that it sells out within a run; of the others, which are
// numbered from 0, there is always enough.
const (
	ScarceItem  = "scarce"
	PlentyItems = 8
)

// PlentyItem is the name of the item of that number.
func PlentyItem(number int) string { return "plenty-" + strconv.Itoa(number) }

// Outcome is how a transaction ended as far as its client knows.
type Outcome string

// What a client may know. Of an indeterminate one it does not know whether its last step took place.
const (
	Confirmed     Outcome = "confirmed"     // every step was answered with 200
	Refused       Outcome = "refused"       // the first step was answered with 409: there is no stock left
	Indeterminate Outcome = "indeterminate" // it gave up: no step after this was tried
)

// Transaction is one transaction as its client saw it.
type Transaction struct {
	Agent string `json:"agent"`
	Node  string `json:"node"` // that the agent is on
	// ID is unique in the run. The idempotency key of a step is the ID, a dash and the step's name, in every attempt.
	ID    string        `json:"id"`
	Item  string        `json:"item"` // of the stock, of which it wants one
	Due   time.Duration `json:"due"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	// Outcome as the client knows it.
	Outcome  Outcome   `json:"outcome"`
	Attempts []Attempt `json:"attempts"` // in the order in which they were made
	// Canceled: the harness itself ended it at its deadline, which says nothing of the service.
	Canceled bool `json:"canceled,omitempty"`
}

// Attempt is one request of a step, which is repeated with the same key until it is answered for good.
type Attempt struct {
	Step  string        `json:"step"`
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	Pod   string        `json:"pod,omitempty"`  // that answered, or had the connection; "" unknown
	Code  int           `json:"code,omitempty"` // HTTP status; 0: no answer
	Kind  ErrKind       `json:"kind,omitempty"`
	Error string        `json:"error,omitempty"` // bounded
	// Dropped: the answer came, and the client threw it away on purpose, as a network does that loses it. The attempt
	// after this one repeats what was done already.
	Dropped bool `json:"dropped,omitempty"`
}

// OK reports whether the client was told that the step is done.
func (a Attempt) OK() bool { return a.Code == http.StatusOK && a.Kind == NoError && !a.Dropped }

// Acknowledged is the attempt by which the client was told that the step is done; ok is false where it was not.
func (t Transaction) Acknowledged(step string) (a Attempt, ok bool) {
	for _, a := range t.Attempts {
		if a.Step == step && a.OK() {
			return a, true
		}
	}
	return Attempt{}, false
}

func (t *Transaction) of(agent, node string, offset time.Duration) {
	t.Agent, t.Node = agent, node
	shift(offset, &t.Due, &t.Began, &t.Ended)
	t.Attempts = movedAttempts(t.Attempts, offset)
}

func movedAttempts(attempts []Attempt, offset time.Duration) []Attempt {
	return moved(attempts, func(a *Attempt) { shift(offset, &a.Began, &a.Ended) })
}
