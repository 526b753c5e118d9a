package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/journal"
)

// helperFolder makes this test binary the command that is killed: it writes two entries, takes one back, and waits.
const helperFolder = "LASTCALL_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if folder := os.Getenv(helperFolder); folder != "" {
		beKilled(folder)
	}
	os.Exit(m.Run())
}

func beKilled(folder string) {
	j, err := journal.Create(folder, "killed", "kind-lastcall")
	if err != nil {
		panic(err)
	}
	_, err1 := j.Add("namespace", "lastcall-killed", map[string]string{"run": "killed"})
	id, err2 := j.Add("node", "worker", nil)
	_, err3 := j.Add("node", "worker2", nil)
	if err := errors.Join(err1, err2, err3, j.Done(id)); err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, "written")
	select {}
}

// live starts the helper and returns when its entries are written; the function kills it by SIGKILL.
func live(t *testing.T, folder string) (kill func()) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), helperFolder+"="+folder)
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "written\n" {
		t.Fatalf("the helper said %q, %v", line, err)
	}
	return kill
}

// recorder is an Undoer that remembers what it was asked for.
type recorder struct {
	undone []string
	fail   map[string]error
}

func (r *recorder) choose(journal.Entry) (journal.Undoer, error) {
	return journal.UndoFunc(func(_ context.Context, e journal.Entry) error {
		r.undone = append(r.undone, e.Object)
		return r.fail[e.Object]
	}), nil
}

func only(t *testing.T, folder string) journal.Leftover {
	t.Helper()
	all, err := journal.Leftovers(folder)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d leftovers, %v", len(all), err)
	}
	return all[0]
}

func TestWhatAKilledRunLeftIsUndoneExactlyOnceLastChangeFirst(t *testing.T) {
	folder := t.TempDir()
	live(t, folder)()
	l := only(t, folder)
	if l.Live || l.Run != "killed" || len(l.Entries) != 2 || l.Entries[0].Data["run"] != "killed" || l.Entries[0].Cluster != "kind-lastcall" {
		t.Fatalf("found %+v", l)
	}
	var r recorder
	outcomes, err := l.Recover(t.Context(), r.choose)
	if err != nil || len(outcomes) != 2 || !slices.Equal(r.undone, []string{"worker2", "lastcall-killed"}) {
		t.Errorf("undid %v: %+v, %v", r.undone, outcomes, err)
	}
	if outcomes, err := l.Recover(t.Context(), r.choose); err != nil || len(outcomes) > 0 || len(r.undone) != 2 {
		t.Errorf("undone again: %v %v %v", outcomes, err, r.undone)
	}
	if all, err := journal.Leftovers(folder); err != nil || len(all) > 0 {
		t.Errorf("left: %+v, %v", all, err)
	}
}

func TestALiveRunIsNotTouched(t *testing.T) {
	folder := t.TempDir()
	kill := live(t, folder)
	l := only(t, folder)
	if !l.Live || len(l.Entries) != 2 {
		t.Errorf("%+v", l)
	}
	var r recorder
	if _, err := l.Recover(t.Context(), r.choose); !errors.Is(err, journal.ErrLive) || len(r.undone) > 0 {
		t.Errorf("%v, undone %v", err, r.undone)
	}
	kill()
	if l := only(t, folder); l.Live {
		t.Error("a run that was killed is held to be live")
	}
}

func TestAnUndoGoesOnAfterAFailureAndLeavesWhatFailed(t *testing.T) {
	folder := t.TempDir()
	live(t, folder)()
	r := recorder{fail: map[string]error{"worker2": errors.New("no such node")}}
	outcomes, err := only(t, folder).Recover(t.Context(), r.choose)
	if err != nil || len(outcomes) != 2 || outcomes[0].Err == nil || outcomes[1].Err != nil {
		t.Fatalf("%+v, %v", outcomes, err)
	}
	left := only(t, folder)
	if len(left.Entries) != 1 || left.Entries[0].Object != "worker2" {
		t.Errorf("left %+v", left.Entries)
	}
	panics := func(journal.Entry) (journal.Undoer, error) { panic("a bug") }
	if outcomes, err := left.Recover(t.Context(), panics); err != nil || len(outcomes) != 1 || outcomes[0].Err == nil {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

func TestATornLastLineIsToleratedAndReported(t *testing.T) {
	folder := t.TempDir()
	live(t, folder)()
	path := filepath.Join(folder, "killed.jsonl")
	extend(t, path, `{"id":"4","kind":"nod`)
	l := only(t, folder)
	if l.Torn == "" || len(l.Damaged) > 0 || len(l.Entries) != 2 {
		t.Fatalf("%+v", l)
	}
	r := recorder{fail: map[string]error{"worker2": errors.New("not now")}}
	if _, err := l.Recover(t.Context(), r.choose); err != nil {
		t.Fatal(err)
	}
	// What was appended after the torn line is read back whole.
	if l := only(t, folder); l.Torn != "" || len(l.Damaged) > 0 || len(l.Entries) != 1 {
		t.Errorf("%+v", l)
	}
}

func TestAJournalWithDamagedLinesIsNeverHeldToBeDone(t *testing.T) {
	folder := t.TempDir()
	live(t, folder)()
	path := filepath.Join(folder, "killed.jsonl")
	extend(t, path, "\x00\x00\x00\n")
	var r recorder
	outcomes, err := only(t, folder).Recover(t.Context(), r.choose)
	if err == nil || !strings.Contains(err.Error(), "damaged") || len(outcomes) != 2 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func extend(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnEntryIsInTheFileBeforeAddReturns(t *testing.T) {
	folder := t.TempDir()
	j, err := journal.Create(folder, "r", "c")
	if err != nil {
		t.Fatal(err)
	}
	id, err := j.Add("node", "worker", nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := only(t, folder); !l.Live || len(l.Entries) != 1 || l.Entries[0].ID != id {
		t.Errorf("%+v", l)
	}
	if err := errors.Join(j.Done(id), j.Done(id)); err != nil || len(j.Pending()) > 0 {
		t.Errorf("%v, pending %v", err, j.Pending())
	}
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
	if _, err := j.Add("node", "worker", nil); err == nil {
		t.Error("a closed journal takes entries")
	}
	if all, err := journal.Leftovers(folder); err != nil || len(all) > 0 {
		t.Errorf("a journal with nothing pending stays: %+v, %v", all, err)
	}
}

func TestAJournalIsNotSharedBetweenRuns(t *testing.T) {
	folder := t.TempDir()
	j, err := journal.Create(folder, "r", "c")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if _, err := journal.Create(folder, "r", "c"); err == nil {
		t.Error("two runs have one journal")
	}
	if _, err := journal.Create(folder, "../r", "c"); err == nil {
		t.Error("a journal was made outside its folder")
	}
}

func TestTheFolderIsTheUsersStateFolder(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	if got, err := journal.Folder(); err != nil || got != "/state/lastcall/journal" {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/somebody")
	if got, err := journal.Folder(); err != nil || got != "/somebody/.local/state/lastcall/journal" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTwoRunsNeverShareACluster(t *testing.T) {
	folder := t.TempDir()
	release, err := journal.Claim(folder, "kind-a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Claim(folder, "kind-a"); !errors.Is(err, journal.ErrClaimed) {
		t.Errorf("a second run: %v", err)
	}
	other, err := journal.Claim(folder, "kind-b")
	if err != nil {
		t.Errorf("another cluster: %v", err)
	}
	other()
	release()
	again, err := journal.Claim(folder, "kind-a")
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	again()
}
