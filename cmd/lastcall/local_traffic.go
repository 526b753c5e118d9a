package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/record"
)

// trafficFlags say what is sent at the program.
type trafficFlags struct {
	requests           []string
	slow               []string
	rate               float64
	fastRate, slowRate float64
	fast, outlasting   []asked
}

// The rates of scenarios on a cluster, per second over all sources.
const (
	defaultFastRate = 250
	defaultSlowRate = 2
)

func (f *trafficFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.requests, "request", nil, "a `request` of the fast traffic, repeatable; the rate is shared (default 'GET /')")
	flags.StringArrayVar(&f.slow, "slow", nil, "a `request` that outlasts a delete, repeatable (default: none, with --app 'GET /slow?for=8s')")
	flags.Float64Var(&f.rate, "rate", 1, "`factor` on the rate of all traffic")
	flags.Float64Var(&f.fastRate, "fast-rate", defaultFastRate, "fast requests per second on new connections, and as many on kept-alive ones")
	flags.Float64Var(&f.slowRate, "slow-rate", defaultSlowRate, "slow requests per second")
}

// parse checks the flags; builtIn tells that the program is one of the box, whose slow path is known.
func (f *trafficFlags) parse(builtIn bool) error {
	const most = 100
	if f.rate <= 0 || f.rate > most {
		return misuse("--rate is %g, want a factor above 0 and at most %d", f.rate, most)
	}
	if f.fastRate <= 0 || f.slowRate <= 0 || f.fastRate > 1e5 || f.slowRate > 1e5 {
		return misuse("--fast-rate is %g and --slow-rate is %g, want requests per second above 0 and at most 100000", f.fastRate, f.slowRate)
	}
	fast, slow := f.requests, f.slow
	if len(fast) == 0 {
		fast = []string{"GET /"}
	}
	if len(slow) == 0 && builtIn {
		slow = []string{"GET /slow?for=8s"}
	}
	var err error
	if f.fast, err = parseAll("--request", fast); err != nil {
		return err
	}
	if f.outlasting, err = parseAll("--slow", slow); err != nil {
		return err
	}
	for i, r := range f.outlasting {
		if f.outlasting[i].takes, err = r.length(); err != nil {
			return misuse("--slow: %s", err)
		}
	}
	return nil
}

func parseAll(flag string, texts []string) ([]asked, error) {
	var out []asked
	for _, text := range texts {
		r, err := parseRequest(text)
		if err != nil {
			return nil, misuse("%s: %w", flag, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// loads are the classes of traffic, before the factor of --rate.
func (f *trafficFlags) loads() []record.Load {
	var out []record.Load
	for _, r := range f.fast {
		share := f.fastRate / float64(len(f.fast))
		out = append(out, r.load(record.NewFast, share), r.load(record.ReusedFast, share))
	}
	for _, r := range f.outlasting {
		l := r.load(record.NewSlow, f.slowRate/float64(len(f.outlasting)))
		l.Takes = r.takes
		out = append(out, l)
	}
	return out
}

// shown are the flags as they may be written down, for the line that repeats a run.
func (f *trafficFlags) shown() []string {
	var out []string
	if len(f.requests) > 0 {
		for _, r := range f.fast {
			out = append(out, "--request", quote(r.shown()))
		}
	}
	if len(f.slow) > 0 {
		for _, r := range f.outlasting {
			out = append(out, "--slow", quote(r.shown()))
		}
	}
	for _, one := range []struct {
		name            string
		value, standard float64
	}{{"--rate", f.rate, 1}, {"--fast-rate", f.fastRate, defaultFastRate}, {"--slow-rate", f.slowRate, defaultSlowRate}} {
		if one.value != one.standard {
			out = append(out, fmt.Sprintf("%s %g", one.name, one.value))
		}
	}
	return out
}

// outlasts is the time of the longest request.
func (f *trafficFlags) outlasts() (longest time.Duration) {
	for _, r := range f.outlasting {
		longest = max(longest, r.takes)
	}
	return longest
}
