// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	requireLine   = regexp.MustCompile(`(?m)^(?:require|\t) ?(\S+\.\S+/\S+) (v\S+)( // indirect)?$`)
	dependencyRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (v\\S+) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")
)

// TestDependencies compares docs/dependencies.md with what the modules require directly, with their versions. Each
// module with requirements has sums of them.
func TestDependencies(t *testing.T) {
	var want []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "go.mod" {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, root+string(filepath.Separator))))
		for _, m := range requireLine.FindAllStringSubmatch(readDoc(t, path), -1) {
			if m[3] != "" || strings.HasPrefix(m[1], module) {
				continue
			}
			want = append(want, fmt.Sprint(m[1], " ", m[2], " in ", dir))
			if sums := readDoc(t, filepath.Join(filepath.Dir(path), "go.sum")); !strings.Contains(sums, m[1]+" "+m[2]+" h1:") {
				t.Errorf("%s has no sum of %s %s", dir, m[1], m[2])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, m := range dependencyRow.FindAllStringSubmatch(readDoc(t, filepath.Join(root, "docs", "dependencies.md")), -1) {
		for dir := range strings.SplitSeq(m[4], ", ") {
			dir = strings.Trim(strings.TrimSpace(dir), "`")
			if dir == "the root" {
				dir = "."
			}
			have = append(have, fmt.Sprint(m[1], " ", m[2], " in ", dir))
		}
	}
	for _, w := range want {
		if !slices.Contains(have, w) {
			t.Errorf("docs/dependencies.md does not have %s", w)
		}
	}
	for _, h := range have {
		if !slices.Contains(want, h) {
			t.Errorf("docs/dependencies.md has %s, which no go.mod has", h)
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d requirements were found", len(want))
	}
}
