// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// build builds the package into a folder, and returns that.
func build(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"bash", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the package is tested in Node, and %s is not installed: %v", program, err)
		}
	}
	folder := t.TempDir()
	c := exec.Command("./build.sh", folder)
	c.Env = append(os.Environ(), "LSMLITE_SIZE=quick")
	run(t, c)
	return folder
}

// run runs a command, whose output is shown if it fails.
func run(t *testing.T, c *exec.Cmd) {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	t.Logf("%s\n%s", c, out)
}

// TestNode builds the package and runs its tests in Node.
func TestNode(t *testing.T) {
	folder := build(t)
	tests, err := filepath.Glob("test/node/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	c := exec.Command("node", append([]string{"--test", "--test-reporter=spec"}, tests...)...)
	c.Env = append(os.Environ(), "LSMLITE_PACKAGE="+folder)
	run(t, c)
}
