package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/suites"
)

func newFaithfulness() *cobra.Command {
	return &cobra.Command{
		Use:   "faithfulness DIR…",
		Short: "Compare what saved runs on a cluster and on the local platform said",
		Long: `Reads the runs in the folders (for example out and out/local) and prints a table of each application under each
scenario: the verdict and the diagnosis on the cluster and on the local platform. Ends with 1 where they disagree and
nobody knows why, and where one of the two has not run what the other has.`,
		Example: `  lastcall faithfulness out out/local`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse("name the folders that hold the runs' folders")
			}
			return faithfulness(c, args)
		},
	}
}

func faithfulness(c *cobra.Command, folders []string) error {
	var cluster, here []suites.Result
	for _, folder := range folders {
		saved, err := filepath.Glob(filepath.Join(folder, "*", record.RunFile))
		if err != nil {
			return misuse("%s: %v", folder, err)
		}
		for _, file := range saved {
			run, err := record.Open(filepath.Dir(file))
			if err != nil {
				return err
			}
			result := suites.Result{Run: run, Dir: filepath.Dir(file)}
			if len(run.Model) > 0 { // a model of a cluster
				here = append(here, result)
			} else {
				cluster = append(cluster, result)
			}
		}
	}
	table := suites.Faithfulness(cluster, here)
	fmt.Fprintf(c.OutOrStdout(), "%d runs on a cluster, %d on the local platform\n\n%s", len(cluster), len(here), table.Markdown())
	if why := table.Unexplained(); why != "" {
		return errors.Join(errFail, errors.New(why))
	}
	return nil
}
