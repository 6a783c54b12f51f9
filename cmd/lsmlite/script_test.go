// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the expected output of the scripts anew")

// code is a command of the scripts: code N PROGRAM ARGUMENT… runs a program that has to end with
// the exit code N. What it prints can be looked at as after exec.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGUMENT…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// TestEverySubcommandHasAScript holds that the scripts run every subcommand.
func TestEverySubcommandHasAScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	for _, name := range subcommands(t) {
		if !strings.Contains(all.String(), "lsmlite "+name) {
			t.Errorf("no script in testdata/script runs lsmlite %s", name)
		}
	}
}

// subcommands asks the command itself, as a shell does for completion.
func subcommands(t *testing.T) (names []string) {
	t.Helper()
	out, err := exec.Command(self(t), "__complete", "--", "").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, "\t")
		names = append(names, name)
	}
	if len(names) < 4 {
		t.Fatalf("only %d subcommands: %q", len(names), names)
	}
	return names
}
