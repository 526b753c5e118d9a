// Package scenarios holds the scenarios, one file each, and runs them: traffic on an application while a fault disrupts
// it, everything recorded, nothing judged.
package scenarios

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// Scenario is traffic and a fault. The application is chosen by whoever runs it.
type Scenario struct {
	Name        string
	Description string // one sentence, shown by `lastcall list scenarios`
	Loads       []record.Load
	Clients     []record.Load // of the Kubernetes API; a platform that has none goes without
	Fault       faults.Fault  // nil: no disruption, the harness judges itself
	Needs       []fixtures.Feature
	Replicas    int // of the application; 0: as many as its manifest says
	// Budget is how many pods may be away by evictions at once; nil: the application has no PodDisruptionBudget.
	Budget *int
	// Grace is the application's terminationGracePeriodSeconds; 0: as its manifest says. A round waits so much longer for
	// its pods to end.
	Grace time.Duration
	// Together has all replicas run on the node that the fault hits, as long as it takes pods.
	Together bool
	// Rounds is how often the fault may be repeated at most; 0: as often as the SLO says.
	Rounds int
	// AllRounds has every round take place, whatever the earlier ones have decided: each is of interest by itself.
	AllRounds bool
	// Control is how long traffic runs without any fault first.
	Control time.Duration
	// Expect is set for a negative control, which must fail whatever the application.
	Expect *record.Expectation
}

var registered []Scenario

// register adds a scenario; it is called from the scenarios' own files while the package is initialised.
func register(s Scenario) Scenario {
	if s.Control == 0 {
		s.Control = 10 * time.Second
	}
	registered = append(registered, s)
	return s
}

// All lists the scenarios by name.
func All() []Scenario {
	all := slices.Clone(registered)
	slices.SortFunc(all, func(a, b Scenario) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Find looks a scenario up by name. The error names those that there are.
func Find(name string) (Scenario, error) {
	names := make([]string, 0, len(registered))
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("there is no scenario %q; there are: %s", name, strings.Join(names, ", "))
}

// ChangesCluster reports whether the scenario changes more than its own namespace: a node is cordoned, kube-proxy stopped,
// the API server restarted. Until that is taken back, nothing else is to be deployed.
func (s Scenario) ChangesCluster() bool {
	return slices.ContainsFunc(s.Needs, func(f fixtures.Feature) bool {
		return f == fixtures.NodeDrain || f == fixtures.ProxyControl || f == fixtures.APIServer || f == fixtures.DatabaseNetwork
	})
}

// loadsFor are the loads that the application has an answer for.
func (s Scenario) loadsFor(app apps.App) []record.Load {
	return slices.DeleteFunc(slices.Clone(s.Loads), func(l record.Load) bool {
		return l.Class.OnGRPC() && !app.GRPC || l.Class == record.HTTP2Fast && !app.HTTP2
	})
}

// Missing says which feature the platform lacks for the scenario, and why; "" when it has all.
func (s Scenario) Missing(p fixtures.Platform) string {
	for _, feature := range s.Needs {
		if why := p.Missing(feature); why != "" {
			return fmt.Sprintf("needs %s: %s", feature, why)
		}
	}
	return ""
}

// clientsOn the platform: they are no traffic of the service, so the scenario does not need them.
func (s Scenario) clientsOn(p fixtures.Platform) []record.Load {
	if len(s.Clients) > 0 && p.Missing(fixtures.APIClients) != "" {
		return nil
	}
	return s.Clients
}

// objectClients write objects of the Kubernetes API and watch them, with a ledger, beside whatever else goes on. Four writes
// a second over all agents are enough to tell when something went missing, and are not noticed on two processors.
func objectClients() []record.Load {
	return []record.Load{{Class: record.APIObjects, Rate: 4, Method: http.MethodPost, Path: "/api/v1/namespaces/{namespace}/configmaps"}}
}

// httpLoads is the traffic of most scenarios: new connections, reused ones, and requests that outlast a delete. The rate is
// such that two rounds of a pod's delete, which last 12 s and more each, decide the error rate of the fast ones, and that two
// slow processors are not saturated by it.
func httpLoads() []record.Load {
	const rate = 170
	return fastAndSlow(rate, rate)
}

// rolloutLoads are those of a roll-out, which is longer than a delete, so that less traffic decides the error rate. There are
// more new connections than reused ones: over ten pods and three agents, they are what the removal of each is measured by, and
// at this rate to within a third of a second.
func rolloutLoads() []record.Load { return fastAndSlow(280, 130) }

func fastAndSlow(fresh, reused float64) []record.Load {
	const slow = 8 * time.Second // longer than preStop sleeps and lame-duck waits of careful teams
	return []record.Load{
		{Class: record.NewFast, Rate: fresh, Method: "GET", Path: "/"},
		{Class: record.ReusedFast, Rate: reused, Method: "GET", Path: "/"},
		{Class: record.NewSlow, Rate: 2, Method: "GET", Path: "/slow?for=" + slow.String(), Takes: slow},
	}
}
