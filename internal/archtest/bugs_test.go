// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	bugNumber = regexp.MustCompile(`\bB[0-9]+\b`)
	bugRow    = regexp.MustCompile(`(?m)^\| (B[0-9]+) \| (.*) \|$`)
	testName  = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	bugTest   = regexp.MustCompile(`^Test(B[0-9]+)[A-Z]`)
)

// TestEveryBugHasItsTest compares docs/lsm1-bugs.md with the tests named after the bugs:
// every number has a row, every row a test that exists or a reason, and every such test
// a row that names it.
func TestEveryBugHasItsTest(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "lsm1-bugs.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.ReplaceAll(string(raw), "\r\n", "\n")
	tests := make(map[string]bool)
	for _, pattern := range []string{"engine/lsm1_bugs*_test.go", "internal/oracle/*_test.go"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
	}
	rows := make(map[string]string)
	for _, m := range bugRow.FindAllStringSubmatch(doc, -1) {
		rows[m[1]] = m[2]
		named := testName.FindAllStringSubmatch(m[2], -1)
		if len(named) == 0 && !strings.HasPrefix(m[2], "none: ") {
			t.Errorf("%s has neither a test nor a reason", m[1])
		}
		for _, n := range named {
			if !tests[n[1]] {
				t.Errorf("%s names %s, which does not exist", m[1], n[1])
			}
		}
	}
	for _, n := range bugNumber.FindAllString(doc, -1) {
		if _, ok := rows[n]; !ok {
			t.Errorf("%s has no row in the list of tests", n)
		}
	}
	for name := range tests {
		if m := bugTest.FindStringSubmatch(name); m != nil && !strings.Contains(rows[m[1]], "`"+name+"`") {
			t.Errorf("the row of %s does not name %s", m[1], name)
		}
	}
	if len(rows) < 20 {
		t.Errorf("only %d bugs have a row", len(rows))
	}
}
