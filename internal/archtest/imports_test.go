// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/lsmlite/lsmlite-go"

// The layers. An arrow of the import graph points only from a package to those listed
// for it; names are relative to the module, others are modules of their own. What tests
// import is not restricted.
var (
	low  = []string{"engine/errs", "engine/internal/base", "engine/internal/invariant", "engine/internal/mark", "engine/internal/mutant", "engine/internal/sched"}
	file = join(low, "engine/internal/format", "engine/vfs", "engine/internal/ioerr")
	page = join(file, "engine/internal/arena", "engine/internal/blockfile", "engine/compress", "engine/internal/crypt")
	seg  = join(page, "engine/internal/fence", "engine/internal/filter", "engine/internal/segment")
	snap = join(seg, "engine/internal/memtree", "engine/internal/span", "engine/internal/freelist", "engine/internal/snapshot")
)

var allowed = map[string][]string{
	"engine/errs":                nil,
	"engine/internal/base":       nil,
	"engine/internal/foreign":    nil,
	"engine/internal/invariant":  nil,
	"engine/internal/mark":       nil,
	"engine/internal/mutant":     nil,
	"engine/internal/sched":      nil,
	"engine/vfs":                 {"golang.org/x/sys"},
	"engine/vfs/memfs":           {"engine/vfs"},
	"engine/vfs/vfstest":         {"engine/vfs"},
	"engine/vfs/faultfs":         {"engine/vfs"},
	"engine/internal/ioerr":      {"engine/errs", "engine/vfs"},
	"engine/internal/format":     join(low, "golang.org/x/sys"),
	"engine/internal/memtree":    join(low, "engine/internal/filter"),
	"engine/internal/span":       {"engine/internal/invariant", "engine/internal/memtree"},
	"engine/internal/wal":        join(file, "engine/internal/crypt", "engine/internal/foreign"),
	"engine/internal/stream":     {"engine/errs", "engine/internal/crypt", "engine/internal/format", "engine/internal/mark", "engine/internal/sched", "engine/internal/wal"},
	"engine/internal/live":       {"engine/vfs", "engine/internal/base", "engine/internal/format", "engine/internal/mutant", "engine/internal/wal"},
	"engine/internal/files":      join(file, "engine/internal/foreign", "engine/internal/live", "engine/internal/wal"),
	"engine/internal/survey":     {"engine/errs", "engine/internal/base", "engine/internal/format", "engine/internal/checkpoint", "engine/internal/wal"},
	"engine/internal/freelist":   file,
	"engine/compress":            {"github.com/klauspost/compress", "github.com/pierrec/lz4"},
	"engine/internal/arena":      {"golang.org/x/sys"},
	"engine/keys":                {"engine/errs"},
	"engine/internal/crypt":      {"engine/errs", "engine/keys", "golang.org/x/crypto"},
	"engine/internal/blockfile":  join(file, "engine/internal/arena", "engine/internal/crypt", "engine/compress"),
	"engine/internal/fence":      {"engine/internal/base"},
	"engine/internal/filter":     {"engine/internal/base"},
	"engine/internal/segment":    join(page, "engine/internal/fence", "engine/internal/filter"),
	"engine/internal/snapshot":   snap,
	"engine/internal/checkpoint": join(page, "engine/internal/snapshot", "engine/keys"),
	"engine/internal/cursor":     snap,
	"engine/internal/merge":      join(snap, "engine/internal/cursor"),
	"engine/internal/merge/simulate": {"engine/internal/format", "engine/internal/merge", "engine/internal/segment",
		"engine/internal/snapshot", "engine/internal/tuning"},
	"engine/internal/turn":   {"engine/internal/invariant", "engine/internal/sched"},
	"engine/internal/ledger": join(snap, "engine/internal/checkpoint", "engine/internal/live", "engine/internal/wal"),
	"engine/internal/tuning": nil,
	"engine/internal/index":  join(snap, "engine/internal/ledger"),
	"engine/internal/attach": join(snap, "engine/internal/live", "engine/internal/wal"),
	"engine/internal/worker": join(snap, "engine/internal/checkpoint", "engine/internal/index", "engine/internal/ledger", "engine/internal/merge",
		"engine/internal/tuning", "engine/internal/turn"),
	"engine/internal/writer": join(snap, "engine/internal/checkpoint", "engine/internal/cursor", "engine/internal/files",
		"engine/internal/index", "engine/internal/ledger", "engine/internal/stream", "engine/internal/tuning", "engine/internal/turn",
		"engine/internal/wal", "engine/internal/worker"),
	"engine/internal/inspect": join(snap, "engine/internal/ledger"),
	"engine/internal/check":   join(snap, "engine/internal/ledger", "engine/internal/cursor", "engine/internal/wal"),
	"engine/internal/backup":  join(snap, "engine/internal/checkpoint", "engine/internal/cursor"),
	"engine/internal/rescue":  join(snap, "engine/internal/checkpoint", "engine/internal/wal"),
	"engine": join(snap,
		"engine/keys",
		"engine/internal/crypt",
		"engine/internal/attach",
		"engine/internal/turn",
		"engine/internal/backup",
		"engine/internal/check",
		"engine/internal/checkpoint",
		"engine/internal/cursor",
		"engine/internal/files",
		"engine/internal/foreign",
		"engine/internal/index",
		"engine/internal/inspect",
		"engine/internal/ledger",
		"engine/internal/live",
		"engine/internal/rescue",
		"engine/internal/stream",
		"engine/internal/survey",
		"engine/internal/tuning",
		"engine/internal/wal",
		"engine/internal/worker",
		"engine/internal/writer"),
	"engine/internal/simulator": {"engine", "engine/enginetest", "engine/internal/mutant", "engine/internal/sched", "engine/keys", "engine/vfs", "engine/vfs/faultfs",
		"engine/vfs/memfs"},
	"engine/enginetest":        {"engine", "engine/internal/mark", "engine/vfs"},
	"engine/writeset":          {"engine/internal/base", "engine/internal/memtree"},
	"store":                    {"engine", "engine/keys"},
	"store/overlay":            {"engine/errs", "engine/writeset", "store"},
	"store/storetest":          {"store", "engine", "engine/enginetest"},
	"engine/prom":              {"engine", "github.com/prometheus/client_golang"},
	"parser":                   {"github.com/alecthomas/participle"},
	"":                         {"engine/keys", "internal/session", "internal/pragma", "parser", "store", "engine", "engine/vfs", "engine/vfs/memfs"},
	"internal/session":         {"internal/pragma", "parser", "store", "engine/errs"},
	"internal/pragma":          {"engine", "store", "engine/errs", "engine/vfs"},
	"internal/picture":         {"engine"},
	"inspect":                  {"", "engine", "internal/picture", "internal/session", "internal/wire", "parser"},
	"internal/wire":            {"engine"},
	"internal/archtest":        nil,
	"internal/dump":            nil,
	"internal/campaign":        {"internal/longtest", "internal/campaign/report"},
	"internal/campaign/report": nil,
	"internal/longtest":        nil,
	"internal/model":           nil,
	// What the programs that measure share: bench and cmd/lsmlite, which are modules of their own.
	"internal/measure/data":      nil,
	"internal/measure/histogram": nil,
	"internal/measure/machine":   {"golang.org/x/sys"},
	"internal/measure/ops":       {"internal/measure/data"},
	"internal/measure/process":   {"golang.org/x/sys"},
	"internal/measure/stats":     nil,
	"internal/railroad":          {},
	"internal/sim":               {"engine", "engine/keys", "engine/vfs", "engine/vfs/memfs", "engine/vfs/faultfs", "engine/enginetest", "internal/secondreader"},
	"internal/soak":              {"engine", "engine/keys"},
	"internal/oracle":            nil,
	"internal/secondreader":      {"golang.org/x/crypto"},
}

func join(list []string, more ...string) []string { return append(slices.Clone(list), more...) }

// TestImports compares every import of the module with the table, in both directions:
// an edge that is not allowed fails, and so does a package that is not in the table.
func TestImports(t *testing.T) {
	for _, p := range listPackages(t) {
		name := relative(p.ImportPath)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %q is not in the table of layers", name)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				continue // the standard library
			}
			rel := relative(imp)
			if !slices.ContainsFunc(may, func(m string) bool { return m == rel || m != "" && isModule(m) && strings.HasPrefix(rel, m) }) {
				t.Errorf("package %q must not import %q", name, rel)
			}
		}
	}
}

// TestPackageComments wants every package to say what it owns.
func TestPackageComments(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.Doc == "" {
			t.Errorf("package %q has no package comment", relative(p.ImportPath))
		}
	}
}

// TestMetricsAreOptional: a program that does not import engine/prom does not link the
// Prometheus client, nor anything that only that needs, and its module does not name it.
func TestMetricsAreOptional(t *testing.T) {
	deps := func(dir, pkg string) string {
		cmd := exec.Command("go", "list", "-deps", pkg)
		cmd.Dir = filepath.Join(root, dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list -deps %s in %q: %v", pkg, dir, err)
		}
		return string(out)
	}
	for _, p := range []struct{ dir, pkg string }{
		{"", module}, {"", module + "/engine"}, {"examples/quickstart", "."},
	} {
		linked := deps(p.dir, p.pkg)
		for line := range strings.Lines(linked) {
			for _, heavy := range []string{"prometheus", "protobuf", "net/http"} {
				if strings.Contains(line, heavy) {
					t.Errorf("%s/%s links %s", p.dir, p.pkg, strings.TrimSpace(line))
				}
			}
		}
		if !strings.Contains(linked, module+"/engine\n") {
			t.Errorf("%s/%s does not link the engine: this test looks at the wrong thing", p.dir, p.pkg)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if strings.Contains(readDoc(t, filepath.Join(root, "examples", "quickstart", name)), "prometheus") {
			t.Errorf("the %s of the quickstart names Prometheus", name)
		}
	}
	if !strings.Contains(deps("", module+"/engine/prom"), "github.com/prometheus/client_golang/prometheus\n") {
		t.Error("engine/prom does not link the Prometheus client: this test looks for the wrong thing")
	}
}

// TestBytesLiveInFormat holds the rule that only package format, and the tree's arena,
// know how numbers lie in bytes. The live page is a file of its own, which only package live knows.
func TestBytesLiveInFormat(t *testing.T) {
	exempt := []string{"engine/internal/format", "engine/internal/memtree", "engine/internal/crypt", "engine/internal/live", "engine/vfs",
		"engine/vfs/memfs"}
	for _, p := range listPackages(t) {
		name := relative(p.ImportPath)
		if strings.HasPrefix(name, "engine") && !slices.Contains(exempt, name) && slices.Contains(p.Imports, "encoding/binary") &&
			name != "engine/enginetest" {
			t.Errorf("package %q imports encoding/binary; file layouts belong to package format", name)
		}
	}
}

func isModule(path string) bool { return strings.Contains(strings.SplitN(path, "/", 2)[0], ".") }

func relative(path string) string {
	if path == module {
		return ""
	}
	return strings.TrimPrefix(path, module+"/")
}

type goPackage struct {
	ImportPath string
	Doc        string // first sentence of the package comment
	Imports    []string
}

// goList asks for the packages once for all tests.
var goList = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("go", "list", "-json=ImportPath,Doc,Imports", module+"/...").Output()
})

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := goList()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}
