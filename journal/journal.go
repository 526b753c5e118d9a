// Package journal keeps on disk what has to be put back: each change is written down, with all that its undo needs,
// before it is made. So what a killed command left behind can be undone by another one, from the journal alone.
//
// A run has a file of its own, with one JSON object a line: an entry when a change is about to be made, and the entry's
// id with done when it has been taken back. While the run goes on its file is locked; the kernel releases the lock when
// the process ends, however it ends.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Entry is one change that has to be taken back.
type Entry struct {
	ID      string            `json:"id"` // unique in its file
	Run     string            `json:"run,omitempty"`
	Cluster string            `json:"cluster,omitempty"` // a kubeconfig's context
	Kind    string            `json:"kind,omitempty"`    // chooses the Undoer
	Object  string            `json:"object,omitempty"`  // such as a node's or a namespace's name
	Data    map[string]string `json:"data,omitempty"`    // what else the undo needs
	At      time.Time         `json:"at,omitzero"`
	Done    bool              `json:"done,omitempty"`
}

// String names the entry for people.
func (e Entry) String() string {
	return fmt.Sprintf("%s %s of run %s on %s", e.Kind, e.Object, e.Run, e.Cluster)
}

// ending of a journal's file name. A file under any other name is no journal yet.
const ending = ".jsonl"

// Folder is where the journals of this user are: $XDG_STATE_HOME/lastcall/journal, by default in ~/.local/state.
func Folder() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) { // the XDG Base Directory Specification: relative paths are to be ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the folder of the journal: %w", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "lastcall", "journal"), nil
}

// Journal is that of one run. It is safe for concurrent use.
type Journal struct {
	run, cluster string

	lock    sync.Mutex
	file    *os.File // nil: in memory only
	path    string
	next    int
	entries []Entry
}

// Create makes the journal of a run on a cluster, in the folder, and locks it until Close or the process's end.
func Create(folder, run, cluster string) (*Journal, error) {
	if run == "" || filepath.Base(run) != run {
		return nil, fmt.Errorf("making a journal: %q cannot name a file", run)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the journal: %w", err)
	}
	path := filepath.Join(folder, run+ending)
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("making a journal: %s: %w", path, fs.ErrExist)
	}
	// It gets its name only when it is locked: until then nobody takes it for one that its run has left.
	file, err := os.CreateTemp(folder, run+"-*.new")
	if err != nil {
		return nil, fmt.Errorf("making a journal: %w", err)
	}
	j := &Journal{run: run, cluster: cluster, file: file, path: path}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a journal: %w", err), file.Close(), removeIfThere(file.Name()))
	}
	return j, nil
}

// InMemory is a journal that outlives nothing: for platforms whose changes end with the process.
func InMemory(run, cluster string) *Journal { return &Journal{run: run, cluster: cluster} }

// Add writes a change down. When it has returned without an error, the entry is on the disk and the change may be made.
func (j *Journal) Add(kind, object string, data map[string]string) (id string, err error) {
	j.lock.Lock()
	defer j.lock.Unlock()
	j.next++
	e := Entry{
		ID: strconv.Itoa(j.next), Run: j.run, Cluster: j.cluster, Kind: kind, Object: object, Data: maps.Clone(data),
		At: time.Now().UTC(),
	}
	if err := j.write(e); err != nil {
		return "", fmt.Errorf("writing the undo of %s %s into the journal: %w", kind, object, err)
	}
	j.entries = append(j.entries, e)
	return e.ID, nil
}

// Done writes down that the change has been taken back. It may be called again.
func (j *Journal) Done(id string) error {
	j.lock.Lock()
	defer j.lock.Unlock()
	for i := range j.entries {
		e := &j.entries[i]
		if e.ID != id || e.Done {
			continue
		}
		if err := j.write(Entry{ID: id, Done: true}); err != nil {
			return fmt.Errorf("writing into the journal that %s is undone: %w", e, err)
		}
		e.Done = true
	}
	return nil
}

// Pending lists what is not yet taken back, in the order in which it was changed.
func (j *Journal) Pending() []Entry {
	j.lock.Lock()
	defer j.lock.Unlock()
	return pending(j.entries)
}

func pending(all []Entry) []Entry {
	var left []Entry
	for _, e := range all {
		if !e.Done {
			left = append(left, e)
		}
	}
	return left
}

// Close gives the lock up. The file is removed when everything in it is taken back, and stays for a recovery otherwise.
func (j *Journal) Close() error {
	j.lock.Lock()
	defer j.lock.Unlock()
	if j.file == nil {
		return nil
	}
	file := j.file
	j.file = nil
	var err error
	if len(pending(j.entries)) == 0 {
		err = os.Remove(j.path) // still locked: nobody else is reading it
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("closing the journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) write(e Entry) error {
	if j.file == nil {
		if j.path != "" {
			return fs.ErrClosed
		}
		return nil
	}
	return appendTo(j.file, e)
}

// appendTo writes one line and returns when it is on the disk.
func appendTo(file *os.File, e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// syncFolder makes a new name in the folder last.
func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
