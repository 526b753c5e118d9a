package main

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/reports"
	"github.com/lastcall-dev/lastcall/suites"
)

func newJudge() *cobra.Command {
	var slo, output string
	c := &cobra.Command{
		Use:   "judge DIR",
		Short: "Judge a saved run again, from its record alone",
		Long: `Judges the run that is saved in DIR, without a cluster. With --slo it is judged by other figures, and the verdict is
printed but the saved run and its reports stay as they are.`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("name the folder of one saved run")
			}
			if output != "text" && output != "json" {
				return misuse("--output is %q, want text or json", output)
			}
			return judge(c, args[0], slo, output)
		},
	}
	c.Flags().StringVar(&slo, "slo", "", "YAML `file` with other figures to judge by")
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func judge(c *cobra.Command, dir, slo, output string) error {
	run, err := record.Open(dir)
	if err != nil {
		return err
	}
	if slo != "" {
		if run.SLO, err = record.ReadSLO(slo, run.SLO); err != nil {
			return errors.Join(errConfig, err)
		}
		suites.JudgeOnly(run)
	} else if err := suites.Judge(dir, run); err != nil {
		return err
	}
	result := suites.Result{Run: run, Dir: dir}
	if output == "json" {
		err = printJSON(c.OutOrStdout(), []suites.Result{result})
	} else {
		tell(c.OutOrStdout(), result, colourful(c.OutOrStdout()))
	}
	return errors.Join(err, ofVerdict(run.Verdict))
}

func newReport() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Render the reports of a saved run again",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("name the folder of one saved run")
			}
			run, err := record.Open(args[0])
			if err != nil {
				return err
			}
			if err := reports.Write(args[0], run); err != nil {
				return err
			}
			c.Println(filepath.Join(args[0], "report.html"))
			return nil
		},
	}
}
