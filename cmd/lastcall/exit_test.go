package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/host"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// quietRun is a baseline of one agent: 20 s of control window, every request answered.
func quietRun() *record.Run {
	run := &record.Run{
		Scenario: "baseline", App: "graceful", Platform: "kind", NoFault: true, Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Ended: 25 * time.Second, SLO: record.DefaultSLO(),
		Loads:   []record.Load{{Class: record.NewFast, Rate: 250, Method: "GET", Path: "/"}},
		Pods:    []record.Pod{{Name: "graceful-a", Node: "node-a"}},
		Windows: []record.Window{{Kind: record.Control, Began: time.Second, Ended: 21 * time.Second}},
		Events: []record.Event{
			{At: time.Second / 2, Source: record.SourceCommand, Kind: record.LoadBegan},
			{At: 22 * time.Second, Source: record.SourceCommand, Kind: record.LoadStopped},
			{At: 23 * time.Second, Source: record.SourceCommand, Kind: record.UndoBegan},
			{At: 24 * time.Second, Source: record.SourceCommand, Kind: record.UndoEnded},
		},
	}
	const spacing = 4 * time.Millisecond
	for due := time.Second / 2; due < 22*time.Second; due += spacing {
		run.Requests = append(run.Requests, record.Request{
			Seq: uint64(len(run.Requests) + 1), Agent: "agent-0", Node: "node-a", Class: record.NewFast, Method: "GET", Path: "/",
			Due: due, Start: due, Connected: due + time.Millisecond, FirstByte: due + 2*time.Millisecond, End: due + 3*time.Millisecond,
			Code: 200, Pod: "graceful-a", Conn: uint64(len(run.Requests) + 1), Dials: 1,
		})
	}
	run.Agents = []record.Agent{{
		Name: "agent-0", Node: "node-a", Began: time.Second / 2, Ended: 22 * time.Second, Sent: uint64(len(run.Requests)),
		Clock: record.Clock{Uncertainty: time.Millisecond, Samples: 8},
	}}
	return run
}

func saved(t *testing.T, change func(*record.Run)) string {
	t.Helper()
	run := quietRun()
	change(run)
	dir := filepath.Join(t.TempDir(), "run")
	if err := record.Save(dir, run); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAPassEndsWithZero(t *testing.T) {
	dir := saved(t, func(*record.Run) {})
	if code := run([]string{"judge", dir}); code != exitPass {
		t.Errorf("exit code %d", code)
	}
}

func TestAFailEndsWithOne(t *testing.T) {
	dir := saved(t, func(r *record.Run) {
		// A broken guarantee: a pod that was deleted and ended by SIGKILL.
		r.NoFault, r.Scenario = false, "pod-delete"
		r.Workload.Grace = 60 * time.Second
		r.Faults = []record.Fault{{Name: "pod-delete", Target: "graceful-a", Began: 10 * time.Second, Ended: 10*time.Second + 1, Round: 1, Happened: true}}
		r.Windows[0].Ended = 10 * time.Second
		r.Windows = append(r.Windows, record.Window{Kind: record.Disruption, Round: 1, Began: 10 * time.Second, Ended: 20 * time.Second})
		r.Events = append(r.Events,
			record.Event{At: time.Millisecond, Source: record.SourcePod, Kind: record.PodReady, Object: "graceful-a"},
			record.Event{At: 10*time.Second + 5*time.Millisecond, Source: record.SourcePod, Kind: record.PodTerminating, Object: "graceful-a", Attr: map[string]string{"grace": "60"}},
			record.Event{At: 15 * time.Second, Source: record.SourcePod, Kind: record.ContainerExited, Object: "graceful-a", Attr: map[string]string{"code": "137", "reason": "Error"}})
	})
	if code := run([]string{"judge", dir}); code != exitFail {
		t.Errorf("exit code %d", code)
	}
}

func TestAnUnknownEndsWithTwo(t *testing.T) {
	dir := saved(t, func(r *record.Run) { r.Agents[0].Lost = "its node is gone" })
	if code := run([]string{"judge", dir}); code != exitUnknown {
		t.Errorf("exit code %d", code)
	}
}

func TestAMistakeOfTheCallerEndsWithThree(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, record.RunFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"judge", foreign}, {"judge", t.TempDir()}, {"judge", filepath.Join(foreign, "nowhere")}, {"judge"},
		{"run"}, {"run", "no-such-scenario"}, {"run", "pod-delete", "--app", "no-such-app"}, {"run", "--suite", "none"},
		{"run", "pod-delete", "--suite", "gate"}, {"run", "pod-delete", "--output", "xml"}, {"run", "pod-delete", "--rate", "0"},
		{"run", "pod-delete", "--slo", filepath.Join(foreign, "nowhere.yaml")}, {"run", "pod-delete", "--rounds", "100"},
		{"list"}, {"list", "nothing"}, {"--no-such-flag"}, {"no-such-command"}, {"report", foreign},
	} {
		if code := run(args); code != exitConfig {
			t.Errorf("lastcall %v: exit code %d", args, code)
		}
	}
}

func TestAClusterOfSomebodyElseIsRefused(t *testing.T) {
	for _, args := range [][]string{{"run", "pod-delete", "--context", "production"}, {"cluster", "up", "--context", "production"}} {
		if code := run(args); code != exitConfig {
			t.Errorf("lastcall %v: exit code %d", args, code)
		}
	}
}

func TestAnEnvironmentThatCannotRunItEndsWithFour(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///no/such/socket")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if code := run([]string{"cluster", "status"}); code != exitEnvironment {
		t.Errorf("exit code %d", code)
	}
	if code := run([]string{"doctor"}); code != exitEnvironment {
		t.Errorf("doctor: exit code %d", code)
	}
}

func TestTheGravestThingDecidesTheExitCode(t *testing.T) {
	cases := []struct {
		err  error
		want int
	}{
		{nil, exitPass},
		{errFail, exitFail},
		{errUnknown, exitUnknown},
		{errors.Join(errUnknown, errFail), exitFail},
		{fmt.Errorf("x: %w", scenarios.ErrEnvironment), exitEnvironment},
		{host.ErrCannot, exitEnvironment},
		{cluster.ErrNotOurs, exitConfig},
		{fmt.Errorf("%w: %w", scenarios.ErrAborted, context.Canceled), exitAborted},
		{errors.Join(scenarios.ErrAborted, errUnknown), exitAborted},
		{errors.Join(scenarios.ErrAborted, scenarios.ErrUndoIncomplete, errUnknown), exitUndo},
		{host.ErrUndo, exitUndo},
		{errors.New("no space left on device"), exitEnvironment},
	}
	for _, c := range cases {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

func TestASkippedRunIsNoPass(t *testing.T) {
	if code := exitCode(ofVerdict(record.Skipped)); code != exitUnknown {
		t.Errorf("exit code %d", code)
	}
}
