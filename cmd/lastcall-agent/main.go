// Command lastcall-agent runs the traffic of a plan inside a cluster and hands over what it recorded.
//
// It exits with 0 when it was told to quit or got SIGTERM, 1 when its server failed, 3 when its plan or its environment
// makes no sense, and 4 when it cannot listen.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/lastcall-dev/lastcall/loadgen/agent"
)

const (
	exitFailed      = 1
	exitPlan        = 3
	exitEnvironment = 4
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	path := flag.String("plan", "/etc/lastcall/plan.json", "file with the plan")
	flag.Parse()
	os.Exit(run(*path))
}

func run(path string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	name, node, err := agent.Identity(os.Getenv)
	if err != nil {
		return failed(exitPlan, err)
	}
	plan, err := agent.ReadPlan(path)
	if err != nil {
		return failed(exitPlan, err)
	}
	listener, err := net.Listen("tcp", plan.Listen)
	if err != nil {
		return failed(exitEnvironment, err)
	}
	if err := agent.Serve(ctx, plan, name, node, listener); err != nil {
		return failed(exitFailed, err)
	}
	return 0
}

func failed(code int, err error) int {
	slog.Error("agent cannot go on", "error", err, "exit", code)
	return code
}
