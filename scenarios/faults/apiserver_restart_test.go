package faults

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
)

const apiServerManifest = `apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command: [kube-apiserver, --secure-port=6443, --shutdown-delay-duration=1s]
`

// apiStage has an API server.
type apiStage struct {
	*fakeStage
	manifest string
	failing  error
}

func newAPIStage() *apiStage { return &apiStage{fakeStage: &fakeStage{}, manifest: apiServerManifest} }

func (s *apiStage) APIServerManifest(context.Context) (string, []byte, error) {
	return "cp", []byte(s.manifest), nil
}

func (s *apiStage) SignalAPIServer(_ context.Context, node, signal string) (began, accepted time.Time, err error) {
	s.say("signal " + node + " " + signal)
	return time.Now(), time.Now(), s.failing
}

func (s *apiStage) RewriteAPIServer(_ context.Context, node string, manifest []byte) (began, accepted time.Time, err error) {
	s.say("rewrite " + node)
	s.manifest = string(manifest)
	return time.Now(), time.Now(), s.failing
}

func (s *apiStage) ReplaceAPIServer(_ context.Context, node string, manifest []byte) error {
	s.say("replace " + node)
	s.manifest = string(manifest)
	return s.failing
}

func (s *apiStage) RestoreAPIServer(_ context.Context, node string, manifest []byte) error {
	s.say("restore " + node)
	s.manifest = string(manifest)
	return s.failing
}

func TestTheManifestIsInTheJournalBeforeTheAPIServerIsChanged(t *testing.T) {
	stage, j := newAPIStage(), journal.InMemory("r", "c")
	undo, err := APIServerRestart{Flags: GracefulFlags}.Prepare(t.Context(), stage, injection(j, 1))
	if err != nil {
		t.Fatal(err)
	}
	held := j.Pending()
	if len(held) != 1 || held[0].Kind != undoManifest || held[0].Object != "cp" || held[0].Data[manifestData] != base64.StdEncoding.EncodeToString([]byte(apiServerManifest)) {
		t.Fatalf("%+v", held)
	}
	for _, flag := range append([]string{"--secure-port=6443", restartedAt}, GracefulFlags...) {
		if !strings.Contains(stage.manifest, flag) {
			t.Errorf("%s is not in\n%s", flag, stage.manifest)
		}
	}
	if strings.Contains(stage.manifest, "duration=1s") {
		t.Error("the flag that was there before is still there")
	}
	for range 2 {
		if err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if stage.manifest != apiServerManifest || len(j.Pending()) > 0 {
		t.Errorf("%q, %v", stage.manifest, j.Pending())
	}
}

func TestNothingIsChangedThatTheJournalDoesNotHold(t *testing.T) {
	stage, j := newAPIStage(), journal.InMemory("r", "c")
	in := injection(j, 1)
	in.Journal = closedJournal{}
	if _, err := (APIServerRestart{}).Prepare(t.Context(), stage, in); err == nil || len(stage.asked) > 0 {
		t.Errorf("%v, %v", err, stage.asked)
	}
	stage.failing = errors.New("no")
	undo, err := APIServerRestart{}.Prepare(t.Context(), stage, injection(j, 1))
	if err == nil || undo == nil {
		t.Fatal("a change that failed half-way has no undo")
	}
	if undo(t.Context()) == nil || len(j.Pending()) != 1 {
		t.Error("an undo that failed counts as done")
	}
}

func TestAnAPIServerIsRestartedInTheWayThatIsAskedFor(t *testing.T) {
	for way, asked := range map[Way]string{"": "signal cp TERM", Terminate: "signal cp TERM", Kill: "signal cp KILL", Rewrite: "rewrite cp"} {
		stage, in := newAPIStage(), injection(journal.InMemory("r", "c"), 1)
		fault, undo, err := APIServerRestart{Way: way}.Inject(t.Context(), stage, in)
		if err != nil || undo != nil || !slices.Equal(stage.asked, []string{asked}) {
			t.Errorf("%q: %v, %v", way, err, stage.asked)
		}
		if fault.Target != "cp" || fault.Attr[record.APIServerFlags] != "--shutdown-delay-duration=1s" || fault.Ended < fault.Began {
			t.Errorf("%+v", fault)
		}
	}
}

func TestARestartHappenedWhenTheProcessEndedAndIsOverWhenANewOneIsReady(t *testing.T) {
	fault := record.Fault{Target: "cp", Began: time.Second}
	event := func(kind, node string, at time.Duration) []record.Event {
		return []record.Event{{Kind: kind, Object: node, At: at}}
	}
	a := APIServerRestart{}
	if !a.Happened(fault, event(record.APIServerExited, "cp", 2*time.Second)) || !a.Over(fault, event(record.APIServerReady, "cp", 3*time.Second)) {
		t.Error("not seen")
	}
	for _, events := range [][]record.Event{nil, event(record.APIServerExited, "other", 2*time.Second), event(record.APIServerExited, "cp", 0), event(record.APIServerSignalled, "cp", 2*time.Second)} {
		if a.Happened(fault, events) || (APIServerCompared{}).Happened(fault, events) {
			t.Errorf("%+v is taken for the end of the process", events)
		}
	}
	if a.Over(fault, event(record.APIServerExited, "cp", 2*time.Second)) || (APIServerCompared{}).Over(fault, nil) {
		t.Error("over before a new one is ready")
	}
	if !Spares(a) || !Spares(APIServerCompared{}) || Spares(nil) || Spares(PodDelete{}) {
		t.Error("which faults end pods")
	}
}

func TestEachConfigurationHasARoundOfItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the cluster to settle between two rounds")
	}
	stage, in := newAPIStage(), injection(journal.InMemory("r", "c"), 1)
	compared := APIServerCompared{Configurations: []APIServerRestart{{Way: Kill}, {Way: Terminate, Flags: GracefulFlags}}}
	undoFirst, err := compared.Prepare(t.Context(), stage, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Round = 1
	first, _, err := compared.Inject(t.Context(), stage, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Round = 2
	second, undoSecond, err := compared.Inject(t.Context(), stage, in)
	if err != nil {
		t.Fatal(err)
	}
	if first.Attr[record.APIServerWay] != "SIGKILL" || first.Attr[record.APIServerFlags] != "--shutdown-delay-duration=1s" ||
		second.Attr[record.APIServerWay] != "SIGTERM" || second.Attr[record.APIServerFlags] != strings.Join(GracefulFlags, " ") {
		t.Errorf("%+v\n%+v", first, second)
	}
	if err := errors.Join(undoSecond(t.Context()), undoFirst(t.Context())); err != nil || stage.manifest != apiServerManifest {
		t.Errorf("%v\n%s", err, stage.manifest)
	}
}

func TestAPlatformWithoutAnAPIServerSaysSo(t *testing.T) {
	in := injection(journal.InMemory("r", "c"), 1)
	if _, _, err := (APIServerRestart{}).Inject(t.Context(), &fakeStage{}, in); err == nil {
		t.Error("it is taken for restarted")
	}
	if _, err := (APIServerRestart{}).Prepare(t.Context(), &fakeStage{}, in); err == nil {
		t.Error("it is taken for prepared")
	}
}
