// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	platformRow  = regexp.MustCompile("(?m)^\\| `([a-z0-9]+)` \\| (`[a-z0-9`, ]+`) \\| ")
	platformList = regexp.MustCompile(`(?m)^(?:whole|vetted|built)='([^']*)'$`)
)

// TestPlatformsAreThoseOfCI compares the table of docs/platforms.md with what .ci/run builds.
func TestPlatformsAreThoseOfCI(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(raw), "\r\n", "\n")
	}
	var said, built []string
	for _, row := range platformRow.FindAllStringSubmatch(read("docs/platforms.md"), -1) {
		for _, arch := range strings.Split(strings.ReplaceAll(row[2], "`", ""), ", ") {
			said = append(said, row[1]+"/"+arch)
		}
	}
	lists := platformList.FindAllStringSubmatch(read(".ci/run"), -1)
	if len(lists) != 3 {
		t.Fatalf("%d lists of platforms in .ci/run, want 3", len(lists))
	}
	for _, list := range lists {
		built = append(built, strings.Fields(list[1])...)
	}
	slices.Sort(said)
	slices.Sort(built)
	built = slices.Compact(built)
	if !slices.Equal(said, built) {
		t.Errorf("the page says\n%s\nand the script builds\n%s", strings.Join(said, " "), strings.Join(built, " "))
	}
	if len(said) < 30 {
		t.Errorf("only %d platforms", len(said))
	}
}
