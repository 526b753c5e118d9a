package main

import (
	"errors"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/suites"
)

func TestASoakPassesOnlyWhenEveryRunCameOutAsItMust(t *testing.T) {
	as := func(v record.Verdict, unmet string) suites.Sample {
		return suites.Sample{Outcome: suites.Outcome{Verdict: v}, Unmet: unmet}
	}
	for name, c := range map[string]struct {
		samples []suites.Sample
		want    error
	}{
		"all as they must":            {[]suites.Sample{as(record.Pass, ""), as(record.Fail, "")}, nil},
		"one failed":                  {[]suites.Sample{as(record.Pass, ""), as(record.Fail, "it must pass")}, errFail},
		"a control passed":            {[]suites.Sample{as(record.Pass, "it must fail")}, errFail},
		"one undecided":               {[]suites.Sample{as(record.Pass, ""), as(record.Unknown, "it must pass")}, errUnknown},
		"one failed, one undecided":   {[]suites.Sample{as(record.Unknown, "late"), as(record.Fail, "it must pass")}, errFail},
		"one that never had a record": {[]suites.Sample{as("", "no folder")}, errUnknown},
		"nothing was run":             {nil, errUnknown},
	} {
		if got := ofSoak(suites.Soaked{Samples: c.samples}); !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestASoakThatCannotBeMeantIsRefusedBeforeAnyCluster(t *testing.T) {
	for _, args := range [][]string{{"--minutes", "0"}, {"--minutes", "-1"}, {"--suite", "none"}, {"--rate", "9"}, {"pod-delete"}} {
		if code := run(append([]string{"soak"}, args...)); code != exitConfig {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
