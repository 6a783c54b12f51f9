// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/app"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"lsmlite":        func() { os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"hold":           hold,
		"lsmlite-import": fakeReader,

		"lsmlite-replicate": func() { fakeCommand("lsmlite-replicate") },
		"lsmlite-copy":      func() { fakeCommand("lsmlite-copy") },
	})
}

// TestScripts runs the scripts of testdata/script, which are the documentation of each
// subcommand by example. `go test -run Scripts/get -update` writes the expected output anew.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code,
			"sql":  sqlCommand, "rows": rows, "flip": flip, "hardlink": hardlink, "golden": golden, "held": awaitHeld,
			"port": freePort, "reach": reach,
		},
	})
}
