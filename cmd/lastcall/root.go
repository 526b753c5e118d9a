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
	root.AddCommand(newRun(), newSoak(), newLocal(), newList(), newJudge(), newReport(), newFaithfulness(), newRecover(), newDoctor(), newSetup(), newUnsetup(), newCluster(), newVersion())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (see %s --help)", errConfig, err, c.CommandPath())
	})
	return root
}

// misuse is a mistake of whoever called.
func misuse(format string, args ...any) error {
	return errors.Join(errConfig, fmt.Errorf(format, args...))
}

// noArguments refuses what a command would ignore.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("%s takes no arguments, got %q", c.CommandPath(), args)
	}
	return nil
}
