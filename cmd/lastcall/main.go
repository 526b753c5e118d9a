// Command lastcall tests how gracefully services shut down on Kubernetes: it disrupts them under load, records what
// happens, and judges the record.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit code. The first interrupt ends the run, which then saves and undoes; a second one is left to
// the system's default, which ends the process at once.
func run(args []string) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals)
		cancel(fmt.Errorf("interrupted by %s", received))
	}()
	root := newRoot()
	root.SetArgs(args)
	_, _, err := root.Find(args)
	if err != nil {
		err = errors.Join(errConfig, err)
	} else {
		err = root.ExecuteContext(ctx)
	}
	if err != nil && !errors.Is(err, errVerdict) {
		fmt.Fprintln(os.Stderr, "lastcall: "+err.Error())
	}
	return exitCode(err)
}
