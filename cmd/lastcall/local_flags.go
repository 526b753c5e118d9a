package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/fixtures/local"
	"github.com/lastcall-dev/lastcall/fixtures/source"
)

// programFlags say what is run and how it is deployed.
type programFlags struct {
	app, from, name            string
	ready, liveness, preStop   string
	replicas                   int
	grace                      time.Duration
	env                        []string
	command                    []string
	deployed                   local.Program
	notHonoured                []string
	readyGiven, graceGiven     bool
	livenessGiven, preStopGive bool
}

func (f *programFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.app, "app", "", "run an application of the box in place of a program (see list apps)")
	flags.StringVar(&f.from, "from", "", "take replicas, probes, preStop, grace period, environment, strategy and budget from this YAML `file`; - is standard input")
	flags.StringVar(&f.name, "name", "", "name of the workload (default: the program's)")
	flags.IntVar(&f.replicas, "replicas", 0, "number of pods (default: the manifest's, else the scenario's)")
	flags.StringVar(&f.ready, "ready", "tcp", "readiness `probe`: /path, tcp, grpc, 'exec COMMAND' or none")
	flags.StringVar(&f.liveness, "liveness", "none", "liveness `probe`, likewise")
	flags.StringVar(&f.preStop, "pre-stop", "none", "preStop `hook`: a sleep such as 5s, /path, 'exec COMMAND' or none")
	flags.DurationVar(&f.grace, "grace", local.DefaultGrace, "terminationGracePeriodSeconds")
	flags.StringArrayVar(&f.env, "env", nil, "`NAME=VALUE` in the pods' environment, added to this one's")
}

// probePeriod is how often probes of the command line are asked: a manifest says it itself.
const probePeriod = time.Second

// load works the program out and checks it, as far as that can be done without running it.
func (f *programFlags) load(c *cobra.Command, command []string) error {
	f.command = command
	f.readyGiven, f.graceGiven = c.Flags().Changed("ready"), c.Flags().Changed("grace")
	f.livenessGiven, f.preStopGive = c.Flags().Changed("liveness"), c.Flags().Changed("pre-stop")
	switch {
	case f.app != "" && (f.from != "" || f.name != "" || len(command) > 0):
		return misuse("--app brings its own program and manifest: leave --from, --name and the command out")
	case f.app == "" && f.from == "" && len(command) == 0:
		return misuse("say what to run: lastcall local [flags] -- ./server --port {port}, or --app NAME")
	case f.replicas < 0:
		return misuse("--replicas is %d", f.replicas)
	}
	p, err := f.base(c.Context(), c.InOrStdin())
	if err != nil {
		return err
	}
	if err := f.overlay(&p); err != nil {
		return asConfig(err)
	}
	f.deployed = p
	return nil
}

// base is the program before flags change it.
func (f *programFlags) base(ctx context.Context, stdin io.Reader) (local.Program, error) {
	switch {
	case f.app != "":
		app, err := apps.Find(f.app)
		if err != nil {
			return local.Program{}, asConfig(err)
		}
		root, err := source.Root()
		if err != nil {
			return local.Program{}, errors.Join(errEnvironment, err)
		}
		p, err := local.FromApp(ctx, app, root)
		return p, asEnvironment(ctx, err)
	case f.from != "":
		text, err := readManifest(f.from, stdin)
		if err != nil {
			return local.Program{}, asConfig(err)
		}
		p, ignored, err := local.FromManifest(text, f.command)
		f.notHonoured = ignored
		return p, asConfig(err)
	default:
		// Without a manifest the flags' defaults hold.
		f.readyGiven, f.livenessGiven, f.preStopGive, f.graceGiven = true, true, true, true
		return local.Program{Name: label(filepath.Base(f.command[0])), Command: f.command}, nil
	}
}

func readManifest(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		text, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("reading the manifest from standard input: %w", err)
		}
		return text, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	return text, nil
}

// label makes a name for Kubernetes of a file's.
func label(name string) string {
	cleaned := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if cleaned = strings.Trim(cleaned, "-"); cleaned == "" {
		return "program"
	}
	return cleaned[:min(len(cleaned), 30)]
}

// overlay changes what flags say otherwise.
func (f *programFlags) overlay(p *local.Program) (err error) {
	if f.name != "" {
		p.Name = f.name
	}
	if f.graceGiven {
		p.Grace = &f.grace
	}
	if f.readyGiven {
		if p.Readiness, err = parseProbe(f.ready); err != nil {
			return fmt.Errorf("--ready: %w", err)
		}
	}
	if f.livenessGiven {
		if p.Liveness, err = parseProbe(f.liveness); err != nil {
			return fmt.Errorf("--liveness: %w", err)
		}
	}
	if f.preStopGive {
		if p.PreStop, err = parseHook(f.preStop); err != nil {
			return fmt.Errorf("--pre-stop: %w", err)
		}
	}
	for _, pair := range f.env {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return fmt.Errorf("--env %q is not written as NAME=VALUE", pair)
		}
		if p.Env == nil {
			p.Env = map[string]string{}
		}
		p.Env[name] = value
	}
	return nil
}

// parseProbe reads a probe; nil: none.
func parseProbe(text string) (*local.Probe, error) {
	p := &local.Probe{Period: probePeriod}
	kind, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "none":
		return nil, nil //nolint:nilnil // no probe is what was asked for
	case strings.HasPrefix(text, "/"):
		p.HTTP = &local.HTTPGet{Path: text}
	case text == "tcp":
		p.TCP = true
	case text == "grpc":
		p.GRPC = new(string)
	case kind == "exec":
		words, err := split(rest)
		if err != nil || len(words) == 0 {
			return nil, errors.Join(fmt.Errorf("%q has no command", text), err)
		}
		p.Exec = words
	default:
		return nil, fmt.Errorf("%q is none of /path, tcp, grpc, 'exec COMMAND' and none", text)
	}
	return p, nil
}

// parseHook reads a preStop hook; nil: none.
func parseHook(text string) (*local.Hook, error) {
	kind, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "none":
		return nil, nil //nolint:nilnil // no hook is what was asked for
	case strings.HasPrefix(text, "/"):
		return &local.Hook{HTTP: &local.HTTPGet{Path: text}}, nil
	case kind == "exec":
		words, err := split(rest)
		if err != nil || len(words) == 0 {
			return nil, errors.Join(fmt.Errorf("%q has no command", text), err)
		}
		return &local.Hook{Exec: words}, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 || length%time.Second != 0 {
		return nil, fmt.Errorf("%q is none of /path, 'exec COMMAND', none and a sleep in whole seconds, such as 5s", text)
	}
	return &local.Hook{Sleep: length}, nil
}
