package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/host"
)

func newDoctor() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "doctor", Short: "Check whether this machine can run lastcall, and say what to do", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			results := host.Examine(c.Context(), cluster.Needs(cluster.Options{})...)
			if err := printResults(c.OutOrStdout(), results, output); err != nil {
				return err
			}
			for _, r := range results {
				if !r.OK {
					return errEnvironment
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func printResults(w io.Writer, results []host.Result, output string) error {
	switch output {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	case "text":
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range results {
			state := "ok"
			if !r.OK {
				state = "missing"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", r.Need, state, r.Detail)
			if r.Remedy != "" {
				fmt.Fprintf(table, "\t\t→ %s\n", r.Remedy)
			}
		}
		return table.Flush()
	default:
		return misuse("--output is %q, want text or json", output)
	}
}

func newSetup() *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "Install or start what this machine lacks; each change is said first and can be undone", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return host.Setup(c.Context(), c.OutOrStdout(), func(ctx context.Context) ([]host.Tool, error) {
				return cluster.Tools(ctx, cluster.Options{})
			})
		},
	}
}

func newUnsetup() *cobra.Command {
	return &cobra.Command{
		Use: "unsetup", Short: "Delete the cluster and undo what setup changed on this machine", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			// Nodes that were made through the wrapper cannot be entered once it is gone.
			if err := cluster.Down(c.Context(), cluster.Options{}); err != nil {
				fmt.Fprintf(c.ErrOrStderr(), "the cluster was not deleted: %v\n", err)
			}
			return host.Unsetup(c.Context(), c.OutOrStdout())
		},
	}
}
