package loadgen

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(record.Transactions, newTransactions)

// One of scarceEvery transactions, with that number of them, wants the scarce item.
const (
	scarceEvery = 2 * dropEvery
	scarce      = dropEvery - 2
)

// transactions is traffic of orders: each reserves one piece of an item, pays for it and confirms the order, one step after
// the other.
type transactions struct {
	insisting
	prefix string // of the transactions' names: no two loads have the same

	mu      sync.Mutex
	entries []record.Transaction
}

func newTransactions(s Spec, epoch time.Time) Load {
	return &transactions{insisting: insisting{spec: s, epoch: epoch, tracker: newTracker(epoch)}, prefix: newPrefix()}
}

// newPrefix is part of names that must be unique over all sources of traffic.
func newPrefix() string {
	const letters = 10 // 50 bits
	return rand.Text()[:letters]
}

// Ledger implements Ledgered.
func (l *transactions) Ledger() record.Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return record.Ledger{Transactions: slices.Clone(l.entries)}
}

// Run implements Load.
func (l *transactions) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	return l.run(ctx, stop, t, func(seq uint64, due time.Duration) { rec(l.transact(ctx, t, seq, due)) })
}

// order is what each step is about.
type order struct {
	ID   string `json:"id"`
	Item string `json:"item"`
}

// transact carries one transaction out, enters it into the ledger and returns its record.
func (l *transactions) transact(ctx context.Context, t Target, seq uint64, due time.Duration) record.Request {
	until := time.Now().Add(l.spec.Timeout)
	entry := record.Transaction{
		ID: fmt.Sprintf("%s-%d", l.prefix, seq), Item: itemOf(seq), Due: due, Began: l.now(), Outcome: record.Indeterminate,
	}
	var last record.Request
	for i, step := range record.Steps() {
		m := keyed{
			step: step, path: "/" + step, key: entry.ID + "-" + step, body: order{ID: entry.ID, Item: entry.Item},
			drop: drops(seq) && int(seq/dropEvery)%len(record.Steps()) == i,
		}
		var attempts []record.Attempt
		last, attempts = l.send(ctx, t, m, until)
		entry.Attempts = append(entry.Attempts, attempts...)
		if last.ErrKind != record.NoError || last.Code != http.StatusOK {
			break
		}
		if step == record.Confirm {
			entry.Outcome = record.Confirmed
		}
	}
	if soldOut(entry.Attempts) {
		entry.Outcome = record.Refused
	}
	entry.Ended, entry.Canceled = l.now(), last.ErrKind == record.ErrCanceled
	l.mu.Lock()
	l.entries = append(l.entries, entry)
	l.mu.Unlock()
	return l.whole(last, due, entry.Began, len(entry.Attempts), entry.Outcome != record.Indeterminate)
}

// itemOf is what a transaction wants.
func itemOf(seq uint64) string {
	if seq%scarceEvery == scarce { // of those, some answers are thrown away, too
		return record.ScarceItem
	}
	return record.PlentyItem(int(seq % record.PlentyItems))
}

// soldOut reports whether the last attempt is the answer that there is no stock left.
func soldOut(attempts []record.Attempt) bool {
	if len(attempts) == 0 {
		return false
	}
	last := attempts[len(attempts)-1]
	return last.Step == record.Reserve && last.Code == http.StatusConflict && !last.Dropped
}
