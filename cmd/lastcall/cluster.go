package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
)

func newCluster() *cobra.Command {
	c := &cobra.Command{Use: "cluster", Short: "Bring the kind cluster up or down, or look at it"}
	c.AddCommand(newClusterUp(), newClusterDown(), newClusterStatus())
	return c
}

// clusterFlags name another cluster than lastcall's own, or how its own is made.
func clusterFlags(c *cobra.Command, o *cluster.Options) {
	c.Flags().StringVar(&o.Context, "context", "", "use an existing cluster: a `context` of your kubeconfig")
	c.Flags().BoolVar(&o.AllowDisruption, "allow-disruption", false, "permit disrupting the cluster of --context")
	c.Flags().StringVar(&o.Image, "node-image", "", "node `image` to use as it is")
	c.Flags().BoolVar(&o.BuildNodeImage, "build-node-image", false, "build the node image here even where it could be pulled")
}

func newClusterUp() *cobra.Command {
	var o cluster.Options
	c := &cobra.Command{
		Use: "up", Short: "Bring the cluster up, or check that it is healthy", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			p := newProgress(c.ErrOrStderr())
			defer p.close()
			o.Progress = p.Step
			up, err := cluster.Up(c.Context(), o)
			if err != nil {
				return asEnvironment(c.Context(), err)
			}
			p.done()
			fmt.Fprintf(c.OutOrStdout(), "cluster %s is ready\nexport KUBECONFIG=%s\n", up.Name(), up.Kubeconfig())
			return nil
		},
	}
	clusterFlags(c, &o)
	c.Flags().BoolVar(&o.Recreate, "recreate", false, "delete an existing cluster first")
	c.Flags().BoolVar(&o.Retain, "retain", false, "leave a cluster that could not be made, for looking into it")
	return c
}

func newClusterDown() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Delete the cluster", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			p := newProgress(c.ErrOrStderr())
			defer p.close()
			return asEnvironment(c.Context(), cluster.Down(c.Context(), cluster.Options{Progress: p.Step}))
		},
	}
}

func newClusterStatus() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "status", Short: "Say whether the cluster is healthy, and what is wrong", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := cluster.Status(c.Context(), cluster.Options{})
			if err != nil {
				return asEnvironment(c.Context(), err)
			}
			return printStatus(c.OutOrStdout(), report, output)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func printStatus(w io.Writer, report cluster.Report, output string) error {
	switch output {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	case "text":
		writeStatus(w, report)
	default:
		return misuse("--output is %q, want text or json", output)
	}
	if !report.Ready {
		return fmt.Errorf("%w: the cluster is %s", errEnvironment, state(report))
	}
	return nil
}

func state(report cluster.Report) string {
	switch {
	case !report.Exists:
		return "absent"
	case !report.Ready:
		return "broken"
	default:
		return "ready"
	}
}

func writeStatus(w io.Writer, report cluster.Report) {
	fmt.Fprintf(w, "cluster %s is %s\n", report.Name, state(report))
	for _, p := range report.Problems {
		fmt.Fprintf(w, "  problem: %s\n", p)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range report.Nodes {
		ready := "ready"
		if !n.Ready {
			ready = "not ready: " + n.Reason
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", n.Name, n.Role, n.Address, n.PodCIDR, ready)
	}
	_ = table.Flush()
	for _, name := range slices.Sorted(maps.Keys(report.Versions)) {
		fmt.Fprintf(w, "  %s %s\n", name, report.Versions[name])
	}
	if report.Kubeconfig != "" {
		fmt.Fprintf(w, "  export KUBECONFIG=%s\n", report.Kubeconfig)
	}
}
