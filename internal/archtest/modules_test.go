// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	goLine      = regexp.MustCompile(`(?m)^go (\S+)$`)
	requireRoot = regexp.MustCompile(`(?m)^\s+github\.com/lsmlite/lsmlite-go (v\S+)$`)
	replaceLine = regexp.MustCompile(`(?m)^replace (\S+) => (\S+)$`)
)

// TestModules holds what the modules of the repository have in common: one version of Go,
// which the README names, and, in those below the root, a path to the root in place of a
// published version: in their go.mod, or, in those that are installed by `go install`, which
// refuses a replace there, in a go.work next to it.
func TestModules(t *testing.T) {
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "go.mod" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 6 {
		t.Fatalf("only %d modules: %q", len(found), found)
	}
	version := goVersion(t, filepath.Join(root, "go.mod"))
	for _, path := range found {
		if v := goVersion(t, path); v != version {
			t.Errorf("%s wants Go %s, and the root %s", path, v, version)
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if dir == "." {
			continue
		}
		if installed[filepath.ToSlash(dir)] {
			checkInstalled(t, dir, readDoc(t, path))
			continue
		}
		up := strings.Repeat("../", strings.Count(filepath.ToSlash(dir), "/")+1)
		m := replaceLine.FindStringSubmatch(readDoc(t, path))
		if m == nil || m[1] != module || strings.TrimSuffix(m[2], "/")+"/" != up {
			t.Errorf("%s does not replace %s by %s", path, module, up)
		}
	}
	if !strings.Contains(readDoc(t, filepath.Join(root, "README.md")), "Go "+version) {
		t.Errorf("the README does not say that it takes Go %s", version)
	}
}

// installed are the modules of commands that `go install` builds from a published version.
var installed = map[string]bool{"cmd/lsmlite": true, "cmd/lsmlite-import": true, "cmd/lsmlite-replicate": true,
	"cmd/lsmlite-copy": true}

// checkInstalled checks that a module replaces the root in its go.work, and nothing in its go.mod.
func checkInstalled(t *testing.T, dir, mod string) {
	t.Helper()
	if strings.Contains(mod, "replace") {
		t.Errorf("go install refuses the replace in the go.mod of %s", dir)
	}
	up := strings.Repeat("../", strings.Count(filepath.ToSlash(dir), "/")) + ".."
	work := readDoc(t, filepath.Join(root, dir, "go.work"))
	m := requireRoot.FindStringSubmatch(mod)
	if m == nil || !strings.Contains(work, "replace "+module+" "+m[1]+" => "+up+"\n") {
		t.Errorf("the go.work of %s does not replace the version of %s in its go.mod by %s", dir, module, up)
	}
}

func goVersion(t *testing.T, path string) string {
	t.Helper()
	m := goLine.FindStringSubmatch(readDoc(t, path))
	if m == nil {
		t.Fatalf("%s names no version of Go", path)
	}
	return m[1]
}

// readDoc reads a text file.
func readDoc(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// TestReadmeCommands holds that the two commands of the README are run by .ci/run and by
// the workflow.
func TestReadmeCommands(t *testing.T) {
	for _, name := range []string{"README.md", ".ci/run", ".github/workflows/ci.yml"} {
		text := readDoc(t, filepath.Join(root, filepath.FromSlash(name)))
		for _, command := range []string{"go run -C examples/quickstart .", "go test ./..."} {
			if !strings.Contains(text, command) {
				t.Errorf("%s does not have the command %s", name, command)
			}
		}
	}
}
