package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/scenarios"
	"github.com/lastcall-dev/lastcall/suites"
)

// named is one line of a list.
type named struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// lists are what can be listed.
var lists = map[string]func() []named{
	"scenarios": func() (out []named) {
		for _, s := range scenarios.All() {
			out = append(out, named{s.Name, s.Description})
		}
		return out
	},
	"apps": func() (out []named) {
		for _, a := range apps.All() {
			out = append(out, named{a.Name, a.Description})
		}
		return out
	},
	"checks": func() (out []named) {
		for _, c := range assertions.All() {
			out = append(out, named{c.Name, c.Guarantee})
		}
		return out
	},
	"suites": func() (out []named) {
		for _, s := range suites.All() {
			out = append(out, named{s.Name, s.Description})
		}
		return out
	},
}

func newList() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:       "list scenarios|apps|checks|suites",
		Short:     "List what there is",
		ValidArgs: []string{"scenarios", "apps", "checks", "suites"},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || lists[args[0]] == nil {
				return misuse("say what to list: scenarios, apps, checks or suites")
			}
			return printNamed(c, lists[args[0]](), output)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

func printNamed(c *cobra.Command, all []named, output string) error {
	switch output {
	case "json":
		return json.NewEncoder(c.OutOrStdout()).Encode(all)
	case "text":
		table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		for _, n := range all {
			fmt.Fprintf(table, "%s\t%s\n", n.Name, n.Description)
		}
		return table.Flush()
	default:
		return misuse("--output is %q, want text or json", output)
	}
}
