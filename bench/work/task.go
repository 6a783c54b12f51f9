// SPDX-License-Identifier: Apache-2.0

// Package work has the workloads: what is measured, on which data, and how the results are verified. It
// runs inside a child process that measures one workload on one store, once; package main decides
// what runs, in which order, and copies databases.
//
// Invariants: what is verified is not measured, except the comparison of each value that is read,
// which costs all stores the same; a workload that reads something wrong returns an error and no result.
package work

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Task is one measurement, as the parent describes it to a child.
type Task struct {
	Workload    string // its ID
	Store       string
	Class       kv.Class
	Dir         string // of the database: empty, or with what Workload.Base says
	Rows        uint64 // of the database
	ValueBytes  int
	CacheBytes  int64
	BufferBytes int64
	// Limit bounds the measured part of most workloads: they end when it is over, with fewer operations.
	Limit time.Duration
	// Rest bounds how long a store may work on in the background after the last operation; its CPU time
	// counts. 0 does not wait for it.
	Rest time.Duration
	// Seed chooses the random numbers; it differs between repetitions, not between stores.
	Seed uint64
}

// Base is the database that a workload begins with.
type Base int

const (
	// Empty is a folder without files.
	Empty Base = iota
	// ReadOnly is a database with all rows at version 1, which the workload does not change.
	ReadOnly
	// Copy is such a database of the workload's own.
	Copy
)

// Workload is something that can be measured.
type Workload struct {
	Name    string
	Batch   int    // rows in a commit, or in a scan; 0 if that has no meaning here
	Threads int    // goroutines at work; 0 is 1
	Unit    string // what an operation is
	About   string // what it does, for the reader of a report
	// Classes are those that the workload makes sense in.
	Classes []kv.Class
	Base    Base
	// Large is set for workloads with values of their own length, which Task.ValueBytes does not change.
	Large bool
	run   func(*run) error
}

var (
	both   = []kv.Class{kv.Normal, kv.Full}
	normal = []kv.Class{kv.Normal}
)

// ID is the name with what distinguishes workloads of one name, as in flags.
func (w Workload) ID() string {
	switch {
	case w.Batch != 0:
		return fmt.Sprintf("%s/%d", w.Name, w.Batch)
	case w.Threads != 0:
		return fmt.Sprintf("%s/%d", w.Name, w.Threads)
	}
	return w.Name
}

// All returns all workloads, in the order of reports.
func All() []Workload {
	return slices.Concat(fills(), reads(), mixes(), removals(), larges(), waits(), lifetimes())
}

// Find returns the workload with that ID, or all of that name.
func Find(name string) ([]Workload, error) {
	var found []Workload
	for _, w := range All() {
		if w.ID() == name || w.Name == name {
			found = append(found, w)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("no workload %q; there are %s", name, strings.Join(IDs(), ", "))
	}
	return found, nil
}

// IDs returns the IDs of all workloads.
func IDs() []string {
	var ids []string
	for _, w := range All() {
		ids = append(ids, w.ID())
	}
	return ids
}
