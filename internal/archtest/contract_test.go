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
	rootTest  = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)[A-Za-z0-9]+)\(`)
	indexLine = regexp.MustCompile(`(?m)^//\t.*$`)
	indexName = regexp.MustCompile(`\b(?:Test|Benchmark)[A-Z][A-Za-z0-9]*`)
)

// TestContractNamesItsTests compares the list in contract_test.go, which test holds the driver
// to which point of database/sql's contract, with the tests of the root.
func TestContractNamesItsTests(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]bool)
	index := ""
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(raw), "\r\n", "\n")
		for _, m := range rootTest.FindAllStringSubmatch(text, -1) {
			tests[m[1]] = true
		}
		if filepath.Base(name) == "contract_test.go" {
			before, _, _ := strings.Cut(text, "\nimport (")
			index = strings.Join(indexLine.FindAllString(before, -1), "\n")
		}
	}
	named := indexName.FindAllString(index, -1)
	if len(named) < 40 {
		t.Errorf("the list names only %d tests", len(named))
	}
	for _, n := range named {
		if !tests[n] {
			t.Errorf("contract_test.go names %s, which does not exist", n)
		}
	}
}
