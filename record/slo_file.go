package record

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/yaml"
)

// sloFile is the form in which people write an SLO: YAML, lengths of time as "2s". What a file leaves out stays as it is.
type sloFile struct {
	ErrorRate       *float64  `json:"errorRate"`
	Confidence      *float64  `json:"confidence"`
	EndpointRemoval *duration `json:"endpointRemoval"`
	MaxLateness     *duration `json:"maxLateness"`
	MinRate         *float64  `json:"minRate"`
	MaxClockDoubt   *duration `json:"maxClockDoubt"`
	Rounds          *int      `json:"rounds"`
	Waive           []string  `json:"waive"`
}

// duration is a time.Duration that is written "1m30s".
type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s is not a length of time such as \"2s\"", text)
	}
	parsed, err := time.ParseDuration(s)
	*d = duration(parsed)
	return err
}

// ReadSLO reads a YAML file and lays it over base. Keys that it does not know, and figures that no run could be judged
// by, are errors.
func ReadSLO(path string, base SLO) (SLO, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return base, fmt.Errorf("reading the SLO: %w", err)
	}
	var file sloFile
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		return base, fmt.Errorf("reading the SLO in %s: %w", path, err)
	}
	set(&base.ErrorRate, file.ErrorRate)
	set(&base.Confidence, file.Confidence)
	set(&base.MinRate, file.MinRate)
	set(&base.Rounds, file.Rounds)
	set((*duration)(&base.EndpointRemoval), file.EndpointRemoval)
	set((*duration)(&base.MaxLateness), file.MaxLateness)
	set((*duration)(&base.MaxClockDoubt), file.MaxClockDoubt)
	if file.Waive != nil {
		base.Waive = file.Waive
	}
	if err := base.Validate(); err != nil {
		return base, fmt.Errorf("the SLO in %s: %w", path, err)
	}
	return base, nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Validate says what is wrong with an SLO that no run could be judged by.
func (s SLO) Validate() error {
	switch {
	case s.ErrorRate <= 0 || s.ErrorRate >= 1:
		return fmt.Errorf("errorRate is %g, want a share between 0 and 1, such as 0.001 for 0.1 %%", s.ErrorRate)
	case s.Confidence <= 0.5 || s.Confidence >= 1:
		return fmt.Errorf("confidence is %g, want a share between 0.5 and 1, such as 0.95", s.Confidence)
	case s.MinRate <= 0 || s.MinRate > 1:
		return fmt.Errorf("minRate is %g, want a share up to 1, such as 0.95", s.MinRate)
	case s.EndpointRemoval <= 0 || s.MaxLateness <= 0 || s.MaxClockDoubt <= 0:
		return fmt.Errorf("endpointRemoval, maxLateness and maxClockDoubt must be longer than 0")
	case s.Rounds < 1 || s.Rounds > MaxRounds:
		return fmt.Errorf("rounds is %d, want 1 to %d", s.Rounds, MaxRounds)
	}
	return nil
}
