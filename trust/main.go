// SPDX-License-Identifier: Apache-2.0

// Command trust runs the long tests of lsmlite to their goals, and prints what they have shown.
//
//	go run -C trust . list
//	go run -C trust . run power-loss          until the goal, or until it is stopped; it goes on there the next time
//	go run -C trust . run -for 10m power-loss
//	go run -C trust . fuzz -time 10m          all fuzz targets, ten minutes each
//	go run -C trust . coverage                which lines of the engine its tests run
//	go run -C trust . platforms linux-arm     the tests in an emulator; without names it lists the platforms
//	go run -C trust . table
//
// Each is a test of this repository with its flags, which `run -n` prints without running it. Reports are in
// the folder trust/reports, unless -reports names another one.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// A command is what the first argument names.
type command struct {
	name, args, does string
	run              func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"list", "", "names the campaigns, with what one case is and the goal", list},
		{"run", "[-for time] [-n] [-reports folder] name…", "runs campaigns to their goals, from where their reports end", run},
		{"fuzz", "[-time 10m] [-run regexp] [-at-once 2]", "runs all fuzz targets, each for a time, from where their reports end", runFuzzTargets},
		{"coverage", "[-run regexp] [-update] [-raise] [profile…]", "says which lines of the engine no test runs, compared with coverage.txt", runCoverage},
		{"platforms", "[-packages regexp] [-table] name…", "runs the tests on other platforms and with little of a machine", runPlatforms},
		{"table", "[-reports folder]", "prints what the reports say, as a table in Markdown", table},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := start(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "trust:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], out)
			}
		}
		return fmt.Errorf("there is no command %q: %s", args[0], usage())
	}
	return fmt.Errorf("%s", usage())
}

func usage() string {
	text := "use one of"
	for _, c := range commands() {
		text += fmt.Sprintf("\n  %-9s %-45s %s", c.name, c.args, c.does)
	}
	return text
}
