package main

import (
	"errors"

	"github.com/lastcall-dev/lastcall/fixtures/cluster"
	"github.com/lastcall-dev/lastcall/fixtures/host"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios"
)

// Exit codes, as the documentation promises them to CI jobs.
const (
	exitPass        = 0
	exitFail        = 1 // a guarantee or an SLO was broken
	exitUnknown     = 2 // nothing was decided: never to be taken for a pass
	exitConfig      = 3 // flags, files or names that cannot be meant
	exitEnvironment = 4 // this machine or cluster cannot run it
	exitAborted     = 5 // interrupted, and everything undone
	exitUndo        = 6 // something that was changed could not be put back
)

var (
	// errVerdict ends a command whose run has been judged and reported: only the exit code is left to tell.
	errVerdict = errors.New("not a pass")
	errFail    = errors.Join(errVerdict, errors.New("fail"))
	errUnknown = errors.Join(errVerdict, errors.New("unknown"))
	// errConfig marks mistakes of whoever called.
	errConfig = errors.New("configuration")
)

// ofVerdict is the error of a judged run; nil for a pass. A skipped run was not judged, which is no pass.
func ofVerdict(v record.Verdict) error {
	switch v {
	case record.Pass:
		return nil
	case record.Fail:
		return errFail
	default:
		return errUnknown
	}
}

// exitCode is decided by the gravest thing that happened.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitPass
	case errors.Is(err, scenarios.ErrUndoIncomplete), errors.Is(err, host.ErrUndo):
		return exitUndo
	case errors.Is(err, scenarios.ErrAborted):
		return exitAborted
	case errors.Is(err, record.ErrNotARun), errors.Is(err, errConfig), errors.Is(err, cluster.ErrNotOurs):
		return exitConfig
	case errors.Is(err, scenarios.ErrEnvironment), errors.Is(err, host.ErrCannot), errors.Is(err, errEnvironment):
		return exitEnvironment
	case errors.Is(err, errFail):
		return exitFail
	case errors.Is(err, errUnknown):
		return exitUnknown
	default:
		return exitEnvironment // a full disk, a file that may not be written
	}
}

// errEnvironment marks what this machine lacks.
var errEnvironment = errors.New("this environment cannot run it")
