package scenarios

import (
	"net/http"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

var _ = register(Scenario{
	Name:        "apiserver-restart-graceful",
	Description: "The only API server is restarted by SIGTERM, configured to announce its end: users of the service notice nothing, and clients that retry see an error only while no process is there.",
	Loads:       besideClients(),
	Clients:     apiClients(),
	Fault:       faults.APIServerRestart{Way: faults.Terminate, Flags: faults.GracefulFlags},
	Needs:       []fixtures.Feature{fixtures.APIServer},
	// One look at the error rate, because a second restart is another one: kubelet holds it back.
	Rounds: 1,
})

var _ = register(Scenario{
	Name:        "apiserver-restart-abrupt",
	Description: "Negative control: the only API server is killed. Users of the service notice nothing all the same; watches are cut off.",
	Loads:       besideClients(),
	Clients:     apiClients(),
	Fault:       faults.APIServerRestart{Way: faults.Kill},
	Needs:       []fixtures.Feature{fixtures.APIServer},
	Rounds:      1,
	Expect:      unannounced,
})

var _ = register(Scenario{
	Name:        "apiserver-restart",
	Description: "Negative control: the only API server is restarted by SIGTERM with the flags that kubeadm gave it: it refuses connections for as long as a watch holds the old process.",
	Loads:       besideClients(),
	Clients:     apiClients(),
	Fault:       faults.APIServerRestart{Way: faults.Terminate},
	Needs:       []fixtures.Feature{fixtures.APIServer},
	Rounds:      1,
	Expect:      unannounced,
})

var _ = register(Scenario{
	Name:        "apiserver-upgrade",
	Description: "Negative control: the static pod of the only API server is rewritten, as kubeadm upgrade does, with the flags that kubeadm gave it.",
	Loads:       besideClients(),
	Clients:     apiClients(),
	Fault:       faults.APIServerRestart{Way: faults.Rewrite},
	Needs:       []fixtures.Feature{fixtures.APIServer},
	Rounds:      1,
	Expect:      unannounced,
})

var _ = register(Scenario{
	Name:        "apiserver-restart-compared",
	Description: "The only API server is restarted by SIGTERM twice: as kubeadm configured it, then configured to announce its end. The report shows both side by side.",
	Loads:       besideClients(),
	Clients:     apiClients(),
	Fault: faults.APIServerCompared{Configurations: []faults.APIServerRestart{
		{Way: faults.Terminate}, {Way: faults.Terminate, Flags: faults.GracefulFlags},
	}},
	Needs:     []fixtures.Feature{fixtures.APIServer},
	Rounds:    2,
	AllRounds: true,
	Expect:    unannounced,
})

var unannounced = &record.Expectation{
	Verdict: record.Fail, Diagnosis: "F29",
	Reason: "this API server does not announce its end: it refuses connections while its process still lives, or cuts open watches off",
}

// besideClients is the traffic of the service beside the clients of the API. It is half as dense as otherwise, because an
// API server that starts takes a processor for seconds; a round is long enough to decide the error rate all the same.
func besideClients() []record.Load {
	loads := httpLoads()
	for i := range loads {
		if !loads[i].Class.Slow() {
			loads[i].Rate = 130
		}
	}
	return loads
}

// apiClients are what a cluster's clients do all day, at rates that show a phase within an eighth of a second and that two
// processors do not notice.
func apiClients() []record.Load {
	const object = "/api/v1/namespaces/{namespace}/configmaps/" + fixtures.ClientObject
	const watched = 8 * time.Second // as long as a slow request: some four are open at any time
	return append(objectClients(), []record.Load{
		{Class: record.APIReadyz, Rate: 8, Method: http.MethodGet, Path: "/readyz"},
		{Class: record.APIRead, Rate: 4, Method: http.MethodGet, Path: object},
		{Class: record.APIWrite, Rate: 4, Method: http.MethodPatch, Path: object},
		{Class: record.APIRetryingRead, Rate: 4, Method: http.MethodGet, Path: object},
		{Class: record.APIRetryingSend, Rate: 4, Method: http.MethodPatch, Path: object},
		{Class: record.APIWatch, Rate: 0.5, Method: http.MethodGet, Path: "/api/v1/namespaces/{namespace}/configmaps?watch=true", Takes: watched},
	}...)
}
