package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "lastcall",
		Short: "Chaos and conformance harness for graceful shutdown on Kubernetes",
		Long: `lastcall deploys a service, drives traffic at it, disrupts it as Kubernetes does every day, and judges what its
users noticed: which request failed, in which phase of which pod's termination, why, and what to change.

Exit codes: 0 pass, 1 fail, 2 unknown, 3 configuration error, 4 the environment cannot run it, 5 aborted and undone,
6 undo incomplete.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newRun(), newList(), newJudge(), newReport(), newDoctor(), newSetup(), newUnsetup(), newCluster(), newVersion())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (see %s --help)", errConfig, err, c.CommandPath())
	})
	return root
}

// atLeastOneOr refuses a call that names nothing to do.
func misuse(format string, args ...any) error {
	return errors.Join(errConfig, fmt.Errorf(format, args...))
}
