package scenarios

import "time"

var _ = register(Scenario{
	Name:        "baseline",
	Description: "No fault at all: the harness judges itself, its traffic and the machine.",
	Loads:       httpLoads(),
	Control:     20 * time.Second,
})
