package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// roleVariable has this test binary be another program: lastcall itself, or the service that it disrupts.
const roleVariable = "LASTCALL_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "lastcall":
		os.Exit(run(os.Args[1:]))
	case "patient":
		os.Exit(serveOrders(true))
	case "hasty":
		os.Exit(serveOrders(false))
	}
	os.Exit(m.Run())
}

// lameDuck of the patient service covers the removal budget of quickSLO, with room for a slow machine.
const lameDuck = 2500 * time.Millisecond

// serveOrders is a service that knows nothing of lastcall: it names no pod and announces no digest. A patient one goes on
// serving for a while on SIGTERM and then drains; a hasty one has no handler.
func serveOrders(patient bool) int {
	server := &http.Server{ReadHeaderTimeout: time.Second}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer hunter2" || r.ContentLength != 2:
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/slow":
			time.Sleep(time.Second) // this is how long the work takes
			fallthrough
		default:
			w.WriteHeader(http.StatusCreated)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("taking orders")
	ended := make(chan int, 1)
	if patient {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		go func() {
			<-signals
			server.SetKeepAlivesEnabled(false) // Connection: close on every answer from here on
			<-time.After(lameDuck)
			if server.Shutdown(context.Background()) != nil {
				ended <- 1
			}
			ended <- 0
		}()
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return 1
	}
	return <-ended
}

// quickSLO can be decided within the two or three seconds that a termination of the patient service takes.
const quickSLO = "errorRate: 0.01\nendpointRemoval: 1500ms\nrounds: 1\n"

// localArgs run the service for as short a time as can decide anything. All of its processes bear the mark.
func localArgs(t *testing.T, role string, flags ...string) (args []string, out, mark string) {
	t.Helper()
	folder := t.TempDir()
	slo := filepath.Join(folder, "slo.yaml")
	if err := os.WriteFile(slo, []byte(quickSLO), 0o600); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(folder, "runs")
	const order = "-H 'Authorization: Bearer hunter2' -d {} -> 201"
	args = append([]string{
		"local", "--env", roleVariable + "=" + role, "--name", role, "--slo", slo, "--out", out, "--programming-delay", "300ms",
		"--control", "1s", "--grace", "10s", "--request", "POST /orders " + order, "--slow", "POST /slow " + order + " takes 1s",
	}, flags...)
	// Half of the default, because the race detector takes as much again; it decides quickSLO all the same.
	return append(args, "--fast-rate", "140", "--", os.Args[0], "-mark", folder), out, folder
}

// theRun is the one that was saved.
func theRun(t *testing.T, out string) (*record.Run, string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%q, %v: want the folder of one run", dirs, err)
	}
	saved, err := record.Open(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	return saved, dirs[0]
}

// left lists processes that bear the mark.
func left(t *testing.T, mark string) string {
	t.Helper()
	table, err := exec.Command("ps", "-A", "-o", "pid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, line := range strings.Split(string(table), "\n") {
		if strings.Contains(line, mark) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n")
}

func TestALocalServiceThatLeavesGracefullyEndsWithZero(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	args, out, mark := localArgs(t, "patient", "--scenario", "pod-delete")
	code := run(args)
	saved, dir := theRun(t, out)
	if code != exitPass {
		t.Errorf("exit code %d, verdict %s: %+v", code, saved.Verdict, saved.Findings)
	}
	for _, r := range saved.Requests {
		if r.Pod == "" {
			t.Fatalf("the pod of %+v is not known", r)
		}
	}
	if len(saved.Model) == 0 || len(saved.Outputs) < 4 || !strings.Contains(saved.Outputs[0].Text, "taking orders") {
		t.Errorf("model %q, outputs %+v", saved.Model, saved.Outputs)
	}
	noSecret(t, dir)
	if processes := left(t, mark); processes != "" {
		t.Errorf("left behind:\n%s", processes)
	}
	if code := run([]string{"judge", dir}); code != exitPass {
		t.Errorf("judged again: exit code %d", code)
	}
}

// noSecret looks into everything that was saved.
func noSecret(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("hunter2")) {
			t.Errorf("%s holds the secret", file.Name())
		}
	}
}

func TestALocalServiceThatDiesAtOnceEndsWithOne(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	// Slow requests send nothing before they are done: only the connection tells which pod they are at.
	args, out, _ := localArgs(t, "hasty", "--scenario", "pod-delete-slow", "--slow-rate", "20")
	code := run(args)
	saved, _ := theRun(t, out)
	if code != exitFail {
		t.Errorf("exit code %d, verdict %s, errors %q", code, saved.Verdict, saved.Errors)
	}
	seen := map[string]bool{}
	for _, f := range saved.Findings {
		seen[f.Diagnosis] = true
	}
	if !seen["F1"] {
		t.Errorf("the cause F1 is not among %v", seen)
	}
}

// inBackground starts lastcall as a process of its own and waits until the service answers.
func inBackground(t *testing.T, args []string, mark string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0], args...) // this very test binary
	command.Env = append(os.Environ(), roleVariable+"=lastcall")
	said := new(lines)
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _, _ = command.Process.Wait() })
	const most, between = 30 * time.Second, 50 * time.Millisecond
	for began := time.Now(); !said.has("control window"); time.Sleep(between) { // another process tells nobody
		if time.Since(began) > most {
			t.Fatalf("no traffic after %s: %s", most, said)
		}
	}
	if left(t, mark) == "" {
		t.Fatal("no process of the service is seen, so none could be missed")
	}
	return command
}

func TestAnInterruptedLocalRunEndsWithFiveAndLeavesNoProcess(t *testing.T) {
	args, out, mark := localArgs(t, "patient", "--scenario", "pod-delete", "--control", "1m")
	command := inBackground(t, args, mark)
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	state, err := command.Process.Wait()
	if err != nil || state.ExitCode() != exitAborted {
		t.Errorf("%v, %v: want exit code %d", state, err, exitAborted)
	}
	if processes := left(t, mark); processes != "" {
		t.Errorf("left behind:\n%s", processes)
	}
	if saved, _ := theRun(t, out); saved.Aborted == "" || len(saved.Requests) == 0 {
		t.Errorf("aborted %q with %d requests: what had been seen is not saved", saved.Aborted, len(saved.Requests))
	}
}

func TestAKilledLocalRunLeavesNoProcess(t *testing.T) {
	args, _, mark := localArgs(t, "patient", "--scenario", "pod-delete", "--control", "1m")
	command := inBackground(t, args, mark)
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := command.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	const most, between = 5 * time.Second, 50 * time.Millisecond
	for began := time.Now(); left(t, mark) != ""; time.Sleep(between) { // nobody tells when they are gone
		if time.Since(began) > most {
			t.Fatalf("left behind after %s:\n%s", most, left(t, mark))
		}
	}
}
