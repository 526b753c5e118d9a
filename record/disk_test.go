package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func sample() *record.Run {
	return &record.Run{
		Scenario: "pod-delete", App: "graceful", Verdict: record.Unknown, Seed: 7,
		Began: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Ended: 40 * time.Second,
		Faults: []record.Fault{{Name: "pod-delete", Target: "a", Began: time.Second, Ended: 2 * time.Second, Round: 1, Happened: true}},
		SLO:    record.DefaultSLO(),
		Requests: []record.Request{
			{Seq: 1, Agent: "agent-0", Node: "n", Class: record.NewFast, Method: "GET", Path: "/", Due: time.Millisecond, Start: 2 * time.Millisecond,
				Connected: 3 * time.Millisecond, FirstByte: 4 * time.Millisecond, End: 5 * time.Millisecond, Code: 200, Pod: "a", Conn: 9, Dials: 1, Bytes: 10, Want: 10},
			{Seq: 2, Agent: "agent-1", Class: record.ReusedFast, Method: "POST", Due: 2 * time.Second, ErrKind: record.ErrReset, Error: "reset", PodByConn: true, Pod: "b", Reused: 4, Want: -1, Close: true},
		},
	}
}

func TestASavedRunIsReadBackWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	want := sample()
	if err := record.Save(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v\nsaved\n%+v", got, want)
	}
}

func TestARunWithoutRequestsIsStillSaved(t *testing.T) {
	dir := t.TempDir()
	run := sample()
	run.Requests = nil
	if err := record.Save(dir, run); err != nil {
		t.Fatal(err)
	}
	got, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Requests) != 0 {
		t.Errorf("%d requests came from nowhere", len(got.Requests))
	}
}

func TestAFolderThatIsNoWholeRunIsRefused(t *testing.T) {
	damage := map[string]func(dir string) error{
		"empty": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, record.RunFile)), os.Remove(filepath.Join(dir, record.RequestsFile)))
		},
		"foreign": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, record.RunFile), []byte(`{"hello":1}`), 0o600)
		},
		"truncated run":      func(dir string) error { return os.Truncate(filepath.Join(dir, record.RunFile), 100) },
		"truncated requests": func(dir string) error { return os.Truncate(filepath.Join(dir, record.RequestsFile), 60) },
		"no requests":        func(dir string) error { return os.Remove(filepath.Join(dir, record.RequestsFile)) },
		"newer schema": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, record.RunFile), []byte(`{"schema":99}`), 0o600)
		},
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := record.Save(dir, sample()); err != nil {
				t.Fatal(err)
			}
			if err := harm(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := record.Open(dir); !errors.Is(err, record.ErrNotARun) {
				t.Errorf("Open says %v, want ErrNotARun", err)
			}
		})
	}
}

func TestASaveThatFailsLeavesTheEarlierRun(t *testing.T) {
	dir := t.TempDir()
	if err := record.WriteFile(filepath.Join(dir, "x"), []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := record.WriteFile(filepath.Join(dir, "missing", "x"), []byte("new")); err == nil {
		t.Error("writing into a folder that is not there succeeded")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries (%v), want the one file and no leftovers", len(entries), err)
	}
}
