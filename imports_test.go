package lastcall_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lastcall-dev/lastcall/"

// allowed is the design's import rule: what each folder may import of ours. "*" is everything.
var allowed = map[string][]string{
	"record":                {},
	"assertions":            {"record"},
	"reports":               {"record"},
	"loadgen":               {"record"},
	"loadgen/agent":         {"record", "loadgen"},
	"fixtures":              {"record", "fixtures/apps", "loadgen/agent"},
	"fixtures/source":       {},
	"fixtures/database":     {"record"},
	"fixtures/scrape":       {"record"},
	"journal":               {},
	"fixtures/host":         {"record", "fixtures/source"},
	"fixtures/host/ociwrap": {},
	"fixtures/cluster":      {"record", "fixtures/host", "fixtures/source"},
	"fixtures/apps":         {"record", "fixtures/apps/graceful", "fixtures/apps/closes-at-once", "fixtures/apps/exits-at-once", "fixtures/apps/internal"},
	"fixtures/apps/*":       {"fixtures/apps/*"},
	"fixtures/local":        {"record", "fixtures", "fixtures/apps", "fixtures/database", "fixtures/scrape", "fixtures/source", "loadgen", "loadgen/agent"},
	"fixtures/kube":         {"record", "journal", "fixtures", "fixtures/apps", "fixtures/database", "fixtures/scrape", "fixtures/cluster", "loadgen", "loadgen/agent"},
	"scenarios":             {"record", "journal", "loadgen", "loadgen/agent", "fixtures", "fixtures/apps", "fixtures/cluster", "scenarios/faults"},
	"scenarios/faults":      {"record", "fixtures", "fixtures/cluster", "loadgen/agent"},
	"suites":                {"*"},
	"suites/*":              {"*"},
	"cmd/*":                 {"*"},
}

// owners are libraries that only the named folders may import, tests apart.
var owners = map[string][]string{
	"github.com/tsenart/vegeta/": {"loadgen"},
	"sigs.k8s.io/kind":           {"fixtures/cluster"},
	"github.com/onsi/ginkgo/":    {"suites/*"},
	"testing":                    {},
}

type listed struct {
	ImportPath, ForTest                string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	var all []listed
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointOnlyWhereTheDesignSays(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		folder, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		seen++
		may, known := rule(folder)
		if !known {
			t.Errorf("%s: the import rule does not know this folder", folder)
		}
		for _, i := range p.Imports {
			checkImport(t, folder, i, may)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func checkImport(t *testing.T, folder, imported string, may []string) {
	t.Helper()
	if target, ours := strings.CutPrefix(imported, module); ours && !matches(may, target) {
		t.Errorf("%s imports %s, which the design does not allow", folder, target)
	}
	for prefix, who := range owners {
		if (imported == prefix || strings.HasPrefix(imported, prefix)) && prefix != "testing" && !matches(who, folder) {
			t.Errorf("%s imports %s, which belongs to %v", folder, imported, who)
		}
	}
	if imported == "testing" {
		t.Errorf("%s imports testing outside a test", folder)
	}
}

func rule(folder string) ([]string, bool) {
	if may, ok := allowed[folder]; ok {
		return may, true
	}
	for pattern, may := range allowed {
		if prefix, wild := strings.CutSuffix(pattern, "*"); wild && strings.HasPrefix(folder, prefix) {
			return may, true
		}
	}
	return nil, false
}

func matches(patterns []string, folder string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, wild := strings.CutSuffix(p, "*")
		return p == folder || (wild && strings.HasPrefix(folder, prefix))
	})
}

func TestTheImportRuleCatchesAForbiddenArrow(t *testing.T) {
	may, known := rule("record")
	if !known || matches(may, "loadgen") {
		t.Error("record may import loadgen")
	}
	may, _ = rule("assertions")
	if matches(may, "fixtures/cluster") {
		t.Error("assertions may import fixtures/cluster")
	}
}
