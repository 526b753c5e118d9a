package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/kube"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// recoverLimit bounds the undo of everything that is left: a namespace takes about ten seconds, a node less than one.
const recoverLimit = 5 * time.Minute

func newRecover() *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "recover",
		Short: "Undo what a killed run left, and only that",
		Long: `Lists what runs that were killed have made or changed on a cluster, by the journal that each run keeps, and undoes it:
namespaces, cordons, stopped processes. What somebody else has made or changed, and runs that still go on, are left alone.
Exit code 6 if anything remains.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := noArguments(c, args); err != nil {
				return err
			}
			folder, err := journal.Folder()
			if err != nil {
				return errors.Join(errEnvironment, err)
			}
			r := recovery{out: c.OutOrStdout(), dryRun: dryRun, open: openCluster}
			return r.run(c.Context(), folder)
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "list what would be undone, and change nothing")
	return c
}

// undoers take back what was changed on one cluster, by the kind of journal entry.
type undoers map[string]journal.Undoer

// openCluster finds the undoers of the cluster that a journal names. The permission to disrupt it was given to the run
// whose changes are taken back.
func openCluster(ctx context.Context, identity string) (undoers, error) {
	options := cluster.Options{}
	if identity != options.Identity() {
		options = cluster.Options{Context: identity, AllowDisruption: true}
	}
	c, err := cluster.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return kube.New(c, "").Undoers(), nil
}

// recovery undoes what is left.
type recovery struct {
	out    io.Writer
	dryRun bool
	open   func(ctx context.Context, identity string) (undoers, error)
	opened map[string]undoers
}

// run goes through all journals of the folder. Its error says what remains.
func (r *recovery) run(ctx context.Context, folder string) error {
	found, err := journal.Leftovers(folder)
	if err != nil {
		return errors.Join(errEnvironment, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoverLimit, fmt.Errorf("recovering took longer than %s", recoverLimit))
	defer cancel()
	r.opened = map[string]undoers{}
	var remain []error
	left := 0
	for _, l := range found {
		if l.Live {
			r.say("run %s is still going on: left alone", l.Run)
			continue
		}
		left += len(l.Entries)
		if l.Torn != "" {
			r.say("run %s was killed while it wrote its journal: the change of the unfinished last line was not made", l.Run)
		}
		if r.dryRun {
			for _, e := range slices.Backward(l.Entries) {
				r.say("would undo %s", e)
			}
			continue
		}
		remain = append(remain, r.undo(ctx, l)...)
	}
	if left == 0 && len(remain) == 0 {
		r.say("nothing is left")
	}
	if len(remain) > 0 {
		return fmt.Errorf("%w: %w", scenarios.ErrUndoIncomplete, errors.Join(remain...))
	}
	return nil
}

// undo takes back one run's changes, last first, and gives what could not be.
func (r *recovery) undo(ctx context.Context, l journal.Leftover) (remain []error) {
	outcomes, err := l.Recover(ctx, func(e journal.Entry) (journal.Undoer, error) {
		r.say("undoing %s", e)
		return r.choose(ctx, e)
	})
	if errors.Is(err, journal.ErrLive) {
		r.say("run %s is being recovered by somebody else", l.Run)
		return nil
	}
	for _, o := range outcomes {
		if o.Err != nil {
			remain = append(remain, o.Err)
			r.say("REMAINS %s: %v", o.Entry, o.Err)
		} else {
			r.say("undone  %s", o.Entry)
		}
	}
	if err != nil {
		remain = append(remain, err)
	}
	return remain
}

// choose finds the undoer of an entry. With the cluster gone, so is whatever was changed on it.
func (r *recovery) choose(ctx context.Context, e journal.Entry) (journal.Undoer, error) {
	all, known := r.opened[e.Cluster]
	if !known {
		var err error
		all, err = r.open(ctx, e.Cluster)
		switch {
		case errors.Is(err, cluster.ErrAbsent):
			return journal.UndoFunc(func(context.Context, journal.Entry) error { return nil }), nil
		case err != nil:
			return nil, err
		}
		r.opened[e.Cluster] = all
	}
	if u := all[e.Kind]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("this version of lastcall cannot undo a %s: use the one that ran %s", e.Kind, e.Run)
}

func (r *recovery) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// claim keeps this run off the cluster while another uses it or something of a killed run is left there.
func claim(folder, identity string) (release func(), err error) {
	release, err = journal.Claim(folder, identity)
	if err != nil {
		return nil, errors.Join(errEnvironment, err)
	}
	return release, nil
}
