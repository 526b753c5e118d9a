package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// restartedRun is one in which the API server is restarted twice: as kubeadm has it, then configured to announce its end.
func restartedRun(rates demoRates) *record.Run {
	d := newDemo("apiserver-restart-compared", "graceful", record.Fail, 110*second)
	d.Description = "The only API server is restarted twice."
	d.PodsSpared = true
	d.pod("dkvfm", demoNodes[2], 0)
	d.pod("gt47m", demoNodes[1], 0)
	d.Clients = []record.Load{{Class: record.APIReadyz, Rate: 10}, {Class: record.APIRead, Rate: 10}, {Class: record.APIRetryingRead, Rate: 10}}
	d.restart(1, "", 10*second, outage{refused: 100 * time.Millisecond, exited: 45 * second, accepted: 48 * second, ready: 50 * second})
	d.restart(2, "--shutdown-delay-duration=5s --shutdown-send-retry-after=true", 75*second, outage{
		unready: 100 * time.Millisecond, shed: 5 * second, refused: 5700 * time.Millisecond, exited: 5800 * time.Millisecond, accepted: 9 * second, ready: 10 * second,
	})
	d.clients()
	d.traffic(rates.fast, rates.slow)
	d.finding(record.Finding{
		Check: "apiserver-phases", Subject: "SIGTERM, kubeadm's flags, round 1", Verdict: record.Fail, Diagnosis: "F29",
		Measured: record.Quantity{Value: 47.9, Unit: "s", Text: "refused for 47.90 s"}, Threshold: record.Quantity{Text: "announced; then only while no process is there"},
		Message: "The listener was closed for 44.90 s while the old process still lived.", Advice: "Set --shutdown-delay-duration.",
	})
	d.passes()
	return d.Run
}

// outage is how an API server ends, in times since the fault; 0: never.
type outage struct{ unready, shed, refused, exited, accepted, ready time.Duration }

func (d *demo) restart(round int, flags string, at time.Duration, o outage) {
	d.Faults = append(d.Faults, record.Fault{
		Name: "apiserver-restart", Target: demoNodes[0], Round: round, Began: at, Ended: at + 40*time.Millisecond, Happened: true,
		Attr: map[string]string{record.APIServerWay: "SIGTERM", record.APIServerFlags: flags},
	})
	d.Windows = append(d.Windows, record.Window{Kind: record.Disruption, Round: round, Began: at, Ended: at + o.ready + 5*second})
	d.event(at+o.exited, record.SourceCommand, record.APIServerExited, demoNodes[0])
	d.event(at+o.exited+700*time.Millisecond, record.SourceCommand, record.APIServerStarted, demoNodes[0], "backOff", map[int]string{2: "10s"}[round])
	d.event(at+o.ready, record.SourceCommand, record.APIServerReady, demoNodes[0])
	d.outages = append(d.outages, plannedOutage{at, o})
}

type plannedOutage struct {
	at time.Duration
	outage
}

// clients ask the API server every 500 ms.
func (d *demo) clients() {
	for at := second; at < d.Ended-2*second; at += 500 * time.Millisecond {
		for _, l := range d.Clients {
			r := record.Request{Seq: uint64(900000 + len(d.APIRequests)), Agent: "agent-0", Node: demoNodes[0], Class: l.Class, Method: "GET", Path: "/x",
				Due: at, Start: at, Connected: at + 1, FirstByte: at + 2, End: at + 3*time.Millisecond, Code: 200}
			for _, o := range d.outages {
				o.meet(&r)
			}
			d.APIRequests = append(d.APIRequests, r)
			d.Agents[0].Sent++
		}
	}
}

func (o plannedOutage) meet(r *record.Request) {
	since := r.Start - o.at
	after := func(from time.Duration) bool { return from > 0 && since >= from }
	switch {
	case after(o.refused) && !after(o.accepted):
		r.Connected, r.FirstByte, r.Code, r.ErrKind, r.Error = 0, 0, 0, record.ErrRefused, "dial: connection refused"
	case r.Class == record.APIReadyz && (after(o.unready) || after(o.refused)) && !after(o.ready):
		r.Code, r.ErrKind = 500, record.ErrStatus
	case r.Class == record.APIRead && after(o.shed) && !after(o.refused):
		r.Code, r.ErrKind, r.RetryAfter = 429, record.ErrStatus, 5*second
	}
}

func TestConfigurationsOfTheAPIServerStandSideBySide(t *testing.T) {
	f := newFacts(restartedRun(goldenRates))
	table := f.apiServer()
	if len(table.Restarts) != 2 || table.Restarts[0].Flags != "no shutdown flags" || !strings.Contains(table.Restarts[1].Flags, "delay") {
		t.Fatalf("%+v", table.Restarts)
	}
	rows := map[string][]string{}
	for _, r := range table.Rows {
		rows[r.Name] = r.Cells
	}
	for name, want := range map[string][2]string{
		"Phase: shutdown delay": {"–", "for 4.50 s"},
		"Phase: 429":            {"–", "for 1.00 s"},
		"Phase: refused":        {"for 47.5 s", "for 3.00 s"},
		"Phase: starting":       {"for 2.00 s", "for 1.00 s"},
		"Old process ended":     {"+45.0 s", "+5.80 s"},
		"kubelet's back-off":    {"–", "up to 10s, none of the API server's doing"},
		"read":                  {"95 of 110: 95 in refused", "8 of 30: 2 in 429, 6 in refused"},
	} {
		if got := rows[name]; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestARunWithoutARestartSaysNothingOfTheAPIServer(t *testing.T) {
	run := gracefulRun(goldenRates)
	page := string(render(t, HTML, run))
	if strings.Contains(page, "API server</a>") || strings.Contains(page, "phase api") {
		t.Error("the report speaks of a restart of the API server")
	}
	page = string(render(t, HTML, restartedRun(goldenRates)))
	for _, part := range []string{`id="apiserver"`, `class="phase api refused"`, "The restart of the API server by SIGTERM", "--shutdown-delay-duration=5s"} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not in the report", part)
		}
	}
}
