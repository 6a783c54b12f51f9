// SPDX-License-Identifier: Apache-2.0

// Package platforms runs the tests of lsmlite on other processors, and with less of a machine than a developer has:
// one processor, 64 MiB of memory, 16 file descriptors. It counts what passed, and keeps a report of each platform.
//
// The command of this module calls it. What holds:
//
//   - A test that is left out, or that skips itself, is in the report with its reason. A pattern that leaves out no
//     test fails the run, as do a package without tests and a platform whose emulator is missing.
//   - A package that has passed is not run again, so a run that was cut short goes on at the package where it was.
//   - One test program works at a time. It ends when the context does.
package platforms

import (
	"fmt"
	"runtime"
)

// A Platform is a kind of machine, or a limit.
type Platform struct {
	Name   string
	Shows  string // what it is, in the table
	GOOS   string // "" is the one of this machine
	GOARCH string
	Needs  string   // the program without which nothing can be run, "" if there is none
	Env    []string // of the test programs
	Suites []Suite

	// build returns flags for the go command; nil if it needs none. Temp is a folder for as long as tests run.
	build func(temp string) (flags []string, err error)
	// start returns the words before a test program, and what is to be done once all have run.
	start func(o *Options, temp string) (words []string, end func() error, err error)
}

// A Suite is packages that are run in the same way.
type Suite struct {
	Packages []string // as the go command names them
	Only     string   // regular expression of the tests that are run, "" for all
	Args     []string // for the test programs
	Without  []Leave
}

// A Leave is tests that are left out.
type Leave struct {
	Tests string // regular expression of whole names, without Test
	Why   string
}

// words is a start that needs nothing to be made.
func words(w ...string) func(*Options, string) ([]string, func() error, error) {
	return func(*Options, string) ([]string, func() error, error) { return w, func() error { return nil }, nil }
}

// Find returns the platform with that name.
func Find(name string) (Platform, error) {
	for _, p := range All {
		if p.Name == name {
			return p, nil
		}
	}
	return Platform{}, fmt.Errorf("there is no platform %q: `platforms` without names lists them", name)
}

// environment returns what the go command and the test programs find set, besides what this process does.
func (p Platform) environment() []string {
	env := []string{"CGO_ENABLED=0"}
	if p.GOOS != "" {
		env = append(env, "GOOS="+p.GOOS)
	}
	if p.GOARCH != "" {
		env = append(env, "GOARCH="+p.GOARCH)
	}
	return append(env, p.Env...)
}

// target is the platform that the tests are compiled for.
func (p Platform) target() string {
	goos, goarch := p.GOOS, p.GOARCH
	if goos == "" {
		goos = runtime.GOOS
	}
	if goarch == "" {
		goarch = runtime.GOARCH
	}
	return goos + "/" + goarch
}
