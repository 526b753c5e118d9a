package suites

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// FaithfulnessFile is the table's file in the folder of the runs.
const FaithfulnessFile = "faithfulness.md"

// Outcome is what is compared of a run: its verdict and the cause of a fail.
type Outcome struct {
	Verdict   record.Verdict
	Diagnosis string // "" where nothing failed
}

func (o Outcome) String() string {
	if o.Verdict == "" {
		return "not run"
	}
	return strings.TrimSpace(string(o.Verdict) + " " + o.Diagnosis)
}

// and takes another run of the same into account. Two that ended differently agree with nothing.
func (o *Outcome) and(other Outcome) {
	switch {
	case o.Verdict == "":
		*o = other
	case *o != other && !strings.Contains(o.Diagnosis, other.String()):
		*o = Outcome{Verdict: changing, Diagnosis: strings.TrimPrefix(o.String(), string(changing)+" ") + ", " + other.String()}
	}
}

// changing stands in the table where runs of the same ended differently.
const changing record.Verdict = "changing:"

// Difference is one that is known and understood. It explains these two outcomes and no others.
type Difference struct {
	Item
	Cluster, Local Outcome
	Reason         string
}

// differences that are known. Each is a finding about the model of Kubernetes, and its reason says which.
var differences []Difference

// Comparison is one application under one scenario on both platforms.
type Comparison struct {
	Item
	Cluster, Local Outcome
	Reason         string // why they may differ; "" where they agree, and where nobody knows
}

// Agrees reports whether both platforms said the same.
func (c Comparison) Agrees() bool {
	said := c.Cluster.Verdict != "" && c.Cluster.Verdict != record.Skipped && c.Cluster.Verdict != changing
	return said && c.Cluster == c.Local
}

// Faithful is the table of all comparisons.
type Faithful []Comparison

// Faithfulness compares what a cluster and the local platform said of the same applications under the same scenarios.
// What was run on one of the two only stands in the table as a disagreement.
func Faithfulness(cluster, local []Result) Faithful { return compare(cluster, local, differences) }

func compare(cluster, local []Result, known []Difference) Faithful {
	var table Faithful
	at := func(item Item) *Comparison {
		i := slices.IndexFunc(table, func(c Comparison) bool { return c.Item == item })
		if i < 0 {
			i, table = len(table), append(table, Comparison{Item: item})
		}
		return &table[i]
	}
	for _, r := range cluster {
		if r.Run != nil {
			at(Item{r.Run.Scenario, r.Run.App}).Cluster.and(outcome(r.Run))
		}
	}
	for _, r := range local {
		if r.Run != nil {
			at(Item{r.Run.Scenario, r.Run.App}).Local.and(outcome(r.Run))
		}
	}
	for i, c := range table {
		for _, d := range known {
			if d.Item == c.Item && d.Cluster == c.Cluster && d.Local == c.Local && !c.Agrees() {
				table[i].Reason = d.Reason
			}
		}
	}
	slices.SortFunc(table, func(a, b Comparison) int {
		return cmp.Or(strings.Compare(a.App, b.App), strings.Compare(a.Scenario, b.Scenario))
	})
	return table
}

func outcome(run *record.Run) Outcome {
	return Outcome{Verdict: run.Verdict, Diagnosis: assertions.Diagnosis(run)}
}

// Unexplained says which comparisons disagree for no known reason; "" when none does. An empty table compares nothing,
// which is no agreement.
func (f Faithful) Unexplained() string {
	if len(f) == 0 {
		return "nothing was compared"
	}
	var wrong []string
	for _, c := range f {
		if !c.Agrees() && c.Reason == "" {
			wrong = append(wrong, fmt.Sprintf("%s under %s: %s on the cluster, %s on the local platform", c.App, c.Scenario, c.Cluster, c.Local))
		}
	}
	return strings.Join(wrong, "; ")
}

// Markdown is the table for people.
func (f Faithful) Markdown() string {
	var b strings.Builder
	b.WriteString("| application | scenario | cluster | local | |\n|---|---|---|---|---|\n")
	for _, c := range f {
		words := "agree"
		switch {
		case c.Reason != "":
			words = "differ: " + c.Reason
		case !c.Agrees():
			words = "DISAGREE"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.App, c.Scenario, c.Cluster, c.Local, words)
	}
	return b.String()
}

// Write leaves the table in the folder of the runs.
func (f Faithful) Write(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the folder for %s: %w", FaithfulnessFile, err)
	}
	return record.WriteFile(filepath.Join(out, FaithfulnessFile), []byte(f.Markdown()))
}

// Common are the items whose scenarios the platform has.
func Common(items []Item, p fixtures.Platform) ([]Item, error) {
	var out []Item
	for _, item := range items {
		scenario, err := scenarios.Find(item.Scenario)
		if err != nil {
			return nil, err
		}
		if scenario.Missing(p) == "" {
			out = append(out, item)
		}
	}
	return out, nil
}

// RunAtOnce runs the items, at most so many side by side, and returns their results in the order of the items. each is
// told of one result at a time.
func (r Runner) RunAtOnce(ctx context.Context, items []Item, most int, each func(Result)) []Result {
	results := make([]Result, len(items))
	places := make(chan struct{}, max(most, 1))
	var lock sync.Mutex
	var wait sync.WaitGroup
	for i, item := range items {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			results[i] = r.Run(ctx, item)
			lock.Lock()
			defer lock.Unlock()
			each(results[i])
		})
	}
	wait.Wait()
	return results
}
