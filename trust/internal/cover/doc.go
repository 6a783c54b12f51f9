// SPDX-License-Identifier: Apache-2.0

// Package cover measures which statements and lines of the engine its tests run, and compares what they do not run
// with a list that has a reason for each.
//
// The command of this module calls it. What holds:
//
//   - Packages count if a program links them: the library, or a command of this repository. LeftOut has the others
//     below engine and internal, each with its reason.
//   - Suites run one after the other, each as a program of its own. Processes that a test starts from its own
//     program count, too, if they end with os.Exit. One that is killed, or runs tests of its own, writes nothing.
//   - A line counts if a statement begins on it. It has run if all statements that begin on it have.
//   - Files of other platforms do not count.
package cover

import "strings"

// Module is the path of the module whose packages count.
const Module = "github.com/lsmlite/lsmlite-go"

// LeftOut are the packages below engine and internal that do not count, and why.
var LeftOut = map[string]string{
	"engine/enginetest":              "a suite of tests for stores",
	"engine/internal/merge/simulate": "the choice of merges without data, for its own tests",
	"engine/internal/simulator":      "tests in an order that seeds choose",
	"engine/vfs/faultfs":             "files that fail, for tests",
	"engine/vfs/vfstest":             "a suite of tests for file systems",
	"internal/archtest":              "tests of the sources",
	"internal/campaign":              "runs long tests to their goals",
	"internal/campaign/report":       "reports of long tests",
	"internal/longtest":              "says how far long tests are",
	"internal/model":                 "models for a model checker, and their tests",
	"internal/oracle":                "tests against C lsm1, which has to be built first",
	"internal/railroad":              "draws the pictures of the grammar for the documents",
	"internal/secondreader":          "a second reader of encrypted files, which tests compare the first with",
	"internal/sim":                   "random schedules, for tests",
	"internal/soak":                  "long work on real files, for tests",
}

// Counts reports whether a package counts, by its folder in the module.
func Counts(folder string) bool {
	_, out := LeftOut[folder]
	return !out && (folder == "engine" || strings.HasPrefix(folder, "engine/") || strings.HasPrefix(folder, "internal/"))
}
