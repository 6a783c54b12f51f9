// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// An entry is a test that uses internal/campaign, and how it is run.
type entry struct {
	name   string // Campaign.Name, of the report, too
	module string // folder of the module, "." for the root
	folder string // of the package in the module
	test   string
	build  []string // flags of the build
	shows  string   // what it shows, in the table
	goal   string   // Campaign.Goal and Campaign.Cases
}

// campaigns are in the order of the table.
var campaigns = []entry{
	{name: "linearizable", module: "trust", folder: "histories", test: "TestLinearizable",
		shows: "histories of concurrent clients, each explained by one order in real time", goal: "1,000,000 transactions"},
	{name: "serializable", module: "trust", folder: "histories", test: "TestSerializable",
		shows: "long histories of concurrent clients, without an anomaly from G0 to G2", goal: "10,000,000 transactions"},
	{name: "killed-histories", module: "trust", folder: "histories", test: "TestKilledHistories",
		shows: "histories of processes that are killed, and of readers that go on, explained by one order", goal: "10,000 kills"},
	{name: "simulator", module: ".", folder: "engine/internal/simulator", test: "TestSimulator", build: []string{"-tags=invariants"},
		shows: "programs of many goroutines whose every step a seed chooses, with kills, losses of power and failing files",
		goal:  "100,000 programs"},
	{name: "readers", module: "trust", folder: "histories", test: "TestManyReaders",
		shows: "snapshots of 64 readers next to four writers, each exactly one committed state", goal: "1,000,000 snapshots"},
	{name: "power-loss", module: ".", folder: "internal/sim", test: "TestPowerLoss", goal: "1,000,000 losses of power",
		shows: "losses of power before any operation of random schedules, each with other files or after other commits"},
	{name: "damage", module: ".", folder: "internal/sim", test: "TestDamage", goal: "1,200,000 damaged databases",
		shows: "random damages, of a million data pages, of 100,000 meta pages and 100,000 logs"},
	{name: "soak", module: ".", folder: "internal/soak", test: "TestSoak", goal: "100,000,000 operations",
		shows: "operations on databases that stay open, with memory and files that stay bounded"},
	{name: "kills", module: ".", folder: "internal/sim", test: "TestKills", goal: "10,000 kills",
		shows: "processes killed before, within and after every call of the file system"},
	{name: "kills-any-time", module: ".", folder: "internal/sim", test: "TestKillsAnyTime", goal: "5,000 kills",
		shows: "processes killed at any moment"},
	{name: "faults", module: ".", folder: "internal/sim", test: "TestFaultPhases", goal: "50,000 calls that failed",
		shows: "every call of the file system failed, one after another"},
	{name: "fault-schedules", module: ".", folder: "internal/sim", test: "TestFaultSchedules", goal: "100,000 calls that failed",
		shows: "random schedules in which every call failed, one after another"},
}

// pattern is what the go command calls the package, in the folder of its module.
func (c entry) pattern() string { return "./" + strings.TrimPrefix(c.folder, "./") }

// command returns what a shell in the root would run.
func (c entry) command(flags ...string) string {
	words := []string{"go test"}
	if c.module != "." {
		words = append(words, "-C "+c.module)
	}
	words = append(words, c.build...)
	words = append(words, c.pattern(), "-run '^"+c.test+"$' -count=1 -timeout=0 -v")
	return strings.Join(append(words, flags...), " ")
}

func find(name string) (entry, error) {
	for _, c := range campaigns {
		if c.name == name {
			return c, nil
		}
	}
	return entry{}, fmt.Errorf("there is no campaign %q: `list` names them", name)
}

func list(_ context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("list has no arguments")
	}
	for _, c := range campaigns {
		fmt.Fprintf(out, "%-16s %s: %s\n", c.name, c.shows, c.goal)
	}
	return nil
}
