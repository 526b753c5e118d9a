package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// ErrLive means that the run still goes on: its journal is its own.
var ErrLive = errors.New("the run is still going on")

// ErrLeftovers means that a run must not start on the cluster.
var ErrLeftovers = errors.New("a killed run has left something on this cluster: run lastcall recover")

// Undoer takes back the changes of one kind, from their entries alone. Undo is idempotent: of something that is as
// before, or gone, it is no error.
type Undoer interface {
	Undo(ctx context.Context, e Entry) error
}

// UndoFunc is an Undoer.
type UndoFunc func(ctx context.Context, e Entry) error

// Undo calls it.
func (f UndoFunc) Undo(ctx context.Context, e Entry) error { return f(ctx, e) }

// Leftover is a journal as it was found.
type Leftover struct {
	Path string
	Run  string
	Live bool // its run still goes on
	// Entries that are not taken back, in the order in which they were written.
	Entries []Entry
	// Torn is the beginning of a last line that was never finished. Its change was not made: a change begins only after
	// its line is whole.
	Torn string
	// Damaged lines are whole and cannot be read: what they say is not known, so it cannot be undone.
	Damaged []string
}

// Leftovers reads every journal of the folder, by name; of a folder that is not there, none.
func Leftovers(folder string) ([]Leftover, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil {
		return nil, fmt.Errorf("looking for journals: %w", err)
	}
	var found []Leftover
	for _, path := range paths {
		l, err := look(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its run has just ended
		}
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	return found, nil
}

func look(path string) (Leftover, error) {
	file, err := open(path)
	if errors.Is(err, ErrLive) {
		l, err := read(path)
		l.Live = true
		return l, err
	}
	if err != nil {
		return Leftover{}, err
	}
	l, err := read(path)
	return l, errors.Join(err, file.Close())
}

// open locks a journal that no process holds any more; ErrLive otherwise.
func open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a journal: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLive
	}
	if err == nil {
		err = sameFile(file, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the journal %s: %w", path, err), file.Close())
	}
	return file, nil
}

// sameFile tells that the file that was locked has not been removed meanwhile.
func sameFile(file *os.File, path string) error {
	held, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(held, named) {
		return fs.ErrNotExist
	}
	return nil
}

// read takes a journal apart.
func read(path string) (Leftover, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Leftover{}, fmt.Errorf("reading a journal: %w", err)
	}
	l := Leftover{Path: path, Run: strings.TrimSuffix(filepath.Base(path), ending)}
	var all []Entry
	for line := range bytes.Lines(text) {
		whole, finished := bytes.CutSuffix(line, []byte("\n"))
		if !finished {
			l.Torn = string(line)
			break
		}
		var e Entry
		if err := json.Unmarshal(whole, &e); err != nil || e.ID == "" {
			l.Damaged = append(l.Damaged, string(whole))
			continue
		}
		all = noted(all, e)
	}
	l.Entries = pending(all)
	return l, nil
}

// noted adds an entry, or marks the one of the same id as done.
func noted(all []Entry, e Entry) []Entry {
	if !e.Done {
		return append(all, e)
	}
	for i := range all {
		if all[i].ID == e.ID {
			all[i].Done = true
		}
	}
	return all
}

// Outcome is what became of one entry.
type Outcome struct {
	Entry Entry
	Err   error // nil: it is undone
}

// Recover undoes what a run has left, last change first, each by the Undoer that choose finds for it. It goes on after a
// failure, holds the journal's lock meanwhile, and removes the file when nothing remains. The error is not about single
// entries: a live run is left alone with ErrLive, and a journal with damaged lines is kept.
func (l Leftover) Recover(ctx context.Context, choose func(Entry) (Undoer, error)) (outcomes []Outcome, err error) {
	file, err := open(l.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // somebody else has recovered it
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	now, err := read(l.Path) // what was found may be older than the lock
	if err == nil {
		err = now.cutTorn(file)
	}
	if err != nil {
		return nil, err
	}
	remain := len(now.Damaged)
	for _, e := range slices.Backward(now.Entries) {
		err := undo(ctx, e, choose)
		if err == nil {
			err = appendTo(file, Entry{ID: e.ID, Done: true})
		}
		if err != nil {
			remain++
		}
		outcomes = append(outcomes, Outcome{Entry: e, Err: err})
	}
	switch {
	case len(now.Damaged) > 0:
		return outcomes, fmt.Errorf("%s has %d damaged lines, whose changes are not known: look at them and at the cluster, then remove the file", l.Path, len(now.Damaged))
	case remain > 0:
		return outcomes, nil
	}
	return outcomes, os.Remove(l.Path)
}

// cutTorn removes an unfinished last line, so that what is appended begins a line of its own.
func (l Leftover) cutTorn(file *os.File) error {
	if l.Torn == "" {
		return nil
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		err = errors.Join(file.Truncate(size-int64(len(l.Torn))), file.Sync())
	}
	if err != nil {
		return fmt.Errorf("cutting an unfinished line off %s: %w", l.Path, err)
	}
	return nil
}

// undo also survives a panic of the Undoer: the other entries must have their turn.
func undo(ctx context.Context, e Entry, choose func(Entry) (Undoer, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("undoing %s: panic: %v", e, p)
		}
	}()
	undoer, err := choose(e)
	if err == nil {
		err = undoer.Undo(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("undoing %s: %w", e, err)
	}
	return nil
}

// Clean is ErrLeftovers, with what it is, while something of a killed run is left on the cluster: the next run would take
// it for the cluster's own behaviour.
func Clean(folder, cluster string) error {
	found, err := Leftovers(folder)
	if err != nil {
		return err
	}
	for _, l := range found {
		if l.Live {
			continue
		}
		if len(l.Damaged) > 0 {
			return fmt.Errorf("%w (the journal %s is damaged)", ErrLeftovers, l.Path)
		}
		for _, e := range slices.Backward(l.Entries) {
			if e.Cluster == cluster {
				return fmt.Errorf("%w (%d changes, the last one is %s)", ErrLeftovers, len(l.Entries), e)
			}
		}
	}
	return nil
}
