package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lastcall-dev/lastcall/loadgen"
)

// DefaultListen is the address that agents listen on.
const DefaultListen = ":8080"

// Plan is what an agent is to do. It is mounted as a Secret because of its token. In JSON, durations are nanoseconds.
type Plan struct {
	// Token is asked for on every path but /healthz; at least MinToken bytes.
	Token  string         `json:"token"`
	Target loadgen.Target `json:"target"`
	Loads  []loadgen.Spec `json:"loads"`
	// Deadline is the hard limit of the load, counted from its start. It bounds the agent's memory, too.
	Deadline time.Duration `json:"deadline"`
	Listen   string        `json:"listen,omitempty"` // "" is DefaultListen
}

// MinToken is the least length of a token in bytes: 128 bits in hexadecimal or more.
const MinToken = 16

// ErrPlan is wrapped by every error about a plan that cannot be carried out.
var ErrPlan = errors.New("plan cannot be carried out")

// ReadPlan reads and checks a plan. Fields that are not known are errors: a plan of another version is not guessed at.
func ReadPlan(path string) (Plan, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Plan{}, fmt.Errorf("read the plan: %w", err)
	}
	var p Plan
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("%w: %s: %w", ErrPlan, path, err)
	}
	if p.Listen == "" {
		p.Listen = DefaultListen
	}
	return p, p.validate()
}

func (p Plan) validate() error {
	switch {
	case len(p.Token) < MinToken:
		return fmt.Errorf("%w: its token has fewer than %d bytes", ErrPlan, MinToken)
	case p.Deadline <= 0:
		return fmt.Errorf("%w: its deadline is %v", ErrPlan, p.Deadline)
	case p.Target.Address == "":
		return fmt.Errorf("%w: it names no target", ErrPlan)
	case len(p.Loads) == 0:
		return fmt.Errorf("%w: it has no loads", ErrPlan)
	}
	return nil
}

// Identity is the agent's name and node: AGENT_NAME, or "agent-" and JOB_COMPLETION_INDEX (which Kubernetes sets in the
// pods of an Indexed Job), and NODE_NAME.
func Identity(getenv func(string) string) (name, node string, err error) {
	name, node = getenv("AGENT_NAME"), getenv("NODE_NAME")
	if index := getenv("JOB_COMPLETION_INDEX"); name == "" && index != "" {
		name = "agent-" + index
	}
	if name == "" {
		return "", "", fmt.Errorf("%w: neither AGENT_NAME nor JOB_COMPLETION_INDEX is set", ErrPlan)
	}
	return name, node, nil
}
