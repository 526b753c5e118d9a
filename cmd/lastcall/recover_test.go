package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/journal"
)

const ours = "kind-lastcall"

// killed makes the journal of a run that ended without taking anything back, as a killed one does.
func killed(t *testing.T, folder, run, identity string, kinds ...string) {
	t.Helper()
	j, err := journal.Create(folder, run, identity)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if _, err := j.Add(kind, "object", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// recovered runs a recovery on the folder, with undoers of the kinds a and b of which b fails with the error.
func recovered(t *testing.T, folder string, dryRun bool, failing error) (said string, undone []string, err error) {
	t.Helper()
	var out strings.Builder
	r := recovery{out: &out, dryRun: dryRun, open: func(_ context.Context, identity string) (undoers, error) {
		if identity == "gone" {
			return nil, cluster.ErrAbsent
		}
		do := func(err error) journal.Undoer {
			return journal.UndoFunc(func(_ context.Context, e journal.Entry) error {
				undone = append(undone, identity+" "+e.Run+" "+e.Kind)
				return err
			})
		}
		return undoers{"a": do(nil), "b": do(failing)}, nil
	}}
	err = r.run(t.Context(), folder)
	return out.String(), undone, err
}

func TestRecoverUndoesWhatIsLeftLastFirstAndOnce(t *testing.T) {
	folder := t.TempDir()
	killed(t, folder, "r1", ours, "a", "b")
	killed(t, folder, "r2", "other", "a")
	said, undone, err := recovered(t, folder, false, nil)
	if err != nil || !slices.Equal(undone, []string{ours + " r1 b", ours + " r1 a", "other r2 a"}) {
		t.Errorf("%v, undone %v\n%s", err, undone, said)
	}
	said, undone, err = recovered(t, folder, false, nil)
	if err != nil || len(undone) > 0 || !strings.Contains(said, "nothing is left") {
		t.Errorf("again: %v, %v, %s", err, undone, said)
	}
}

func TestADryRunListsAndChangesNothing(t *testing.T) {
	folder := t.TempDir()
	killed(t, folder, "r1", ours, "a")
	said, undone, err := recovered(t, folder, true, nil)
	if err != nil || len(undone) > 0 || !strings.Contains(said, "would undo a object of run r1 on "+ours) {
		t.Errorf("%v, %v, %s", err, undone, said)
	}
	if err := claimed(folder, ours); err == nil {
		t.Error("after a dry run nothing is left")
	}
}

func TestWhatRemainsIsToldAndEndsInExitCodeSix(t *testing.T) {
	for name, c := range map[string]struct {
		kinds []string
		says  string
	}{
		"an undo that fails":   {[]string{"b", "a"}, "on purpose"},
		"a kind of no undoer":  {[]string{"c", "a"}, "cannot undo a c"},
		"a line of no meaning": {nil, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			killed(t, folder, "r1", ours, c.kinds...)
			if c.kinds == nil {
				if err := os.WriteFile(filepath.Join(folder, "r1.jsonl"), []byte("nonsense\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said, undone, err := recovered(t, folder, false, errors.New("on purpose"))
			if exitCode(err) != exitUndo || !strings.Contains(err.Error(), c.says) {
				t.Errorf("exit %d: %v\n%s", exitCode(err), err, said)
			}
			if c.kinds != nil && !slices.Contains(undone, ours+" r1 a") {
				t.Errorf("after a failure the others have no turn: %v", undone)
			}
			if err := claimed(folder, ours); err == nil {
				t.Error("a run would start with leftovers")
			}
		})
	}
}

func TestWithItsClusterEverythingThatWasChangedThereIsGone(t *testing.T) {
	folder := t.TempDir()
	killed(t, folder, "r1", "gone", "a")
	if said, undone, err := recovered(t, folder, false, nil); err != nil || len(undone) > 0 {
		t.Errorf("%v, %v, %s", err, undone, said)
	}
	if err := claimed(folder, "gone"); err != nil {
		t.Error(err)
	}
}

func TestARunStartsOnlyOnAClusterWithoutLeftovers(t *testing.T) {
	folder := t.TempDir()
	if err := claimed(filepath.Join(folder, "missing"), ours); err != nil {
		t.Error(err)
	}
	killed(t, folder, "r1", ours, "a")
	err := claimed(folder, ours)
	if exitCode(err) != exitEnvironment || !strings.Contains(err.Error(), "lastcall recover") || !strings.Contains(err.Error(), "r1") {
		t.Errorf("exit %d: %v", exitCode(err), err)
	}
	if err := claimed(folder, "another"); err != nil {
		t.Errorf("another cluster: %v", err)
	}
}

func TestALiveRunIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	j, err := journal.Create(folder, "r1", ours)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if _, err := j.Add("a", "object", nil); err != nil {
		t.Fatal(err)
	}
	said, undone, err := recovered(t, folder, false, nil)
	if err != nil || len(undone) > 0 || !strings.Contains(said, "r1 is still going on") {
		t.Errorf("%v, %v, %s", err, undone, said)
	}
	if err := claimed(folder, ours); err != nil {
		t.Errorf("a live run is held to be a leftover: %v", err)
	}
}

func TestAnUnfinishedLineIsReported(t *testing.T) {
	folder := t.TempDir()
	killed(t, folder, "r1", ours, "a")
	file, err := os.OpenFile(filepath.Join(folder, "r1.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(`{"id":"2","ki`)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	said, undone, err := recovered(t, folder, false, nil)
	if err != nil || len(undone) != 1 || !strings.Contains(said, "unfinished last line") {
		t.Errorf("%v, %v, %s", err, undone, said)
	}
}

// claimed claims the cluster and lets go of it again.
func claimed(folder, identity string) error {
	release, err := claim(folder, identity)
	if err == nil {
		release()
	}
	return err
}
