// SPDX-License-Identifier: Apache-2.0

// Package faultfs makes operations of another file system fail, for tests.
//
// [Wrap] puts an FS around a vfs.FS. It counts every operation, asks its rules whether the
// operation fails, is late, is done only in part or returns damaged bytes, and calls a hook
// before each operation that may change something. Locks and Canonical pass through uncounted. A
// failure that a rule causes leaves the inner file system as it was, except for the part of a
// write that the rule lets through, for what a sync that fails drops, and except that a file is
// closed also if Close fails.
//
// The optional abilities of a file return errors.ErrUnsupported if the inner one does not have
// them; what Stat, Lstat and SameFile do counts as one operation of the kind Stat or none, and
// Location, OwnAs and locks of ranges pass through uncounted.
//
// [ForEachFault] is the loop that fails the first operation of a scenario, then the
// second, and so on until the scenario is over before its fault comes.
package faultfs

import (
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// FS is a file system with faults. It implements vfs.FS, and all its methods may be
// called by any number of goroutines.
type FS struct {
	inner vfs.FS

	mu     sync.Mutex
	n      int
	byKind map[Kind]int
	faults []*Fault
	hook   func(Op)
	hold   func(Op)
	open   map[*file]struct{}
	killed error // why nothing goes on after Kill
}

// Wrap returns an FS around inner without any rules.
func Wrap(inner vfs.FS) *FS {
	return &FS{inner: inner, byKind: make(map[Kind]int), open: make(map[*file]struct{})}
}

// Inner returns the file system below, where nothing fails on demand.
func (f *FS) Inner() vfs.FS { return f.inner }

// Add makes a rule active. It counts operations from now on. Of several rules that
// want an operation to fail, the one added first decides how; delays add up.
func (f *FS) Add(r Rule) *Fault {
	fault := &Fault{fs: f, rule: r}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault)
	return fault
}

// Clear removes all rules.
func (f *FS) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// OnOp makes hook the function that is called before each operation of a Mutating
// kind, whether it will fail or not, in the goroutine that called the operation. The
// hook may use the inner file system, for instance to take a copy of it as after a
// crash. Nil means none.
func (f *FS) OnOp(hook func(Op)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// OnCall makes hold the function that is called before each operation of any kind, in the goroutine that
// called the operation, before it is counted: a simulator keeps the goroutine there until its turn. Op.N is 0
// then. Nil means none.
func (f *FS) OnCall(hold func(Op)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = hold
}

// Kill ends the process for which f stands, as kill -9 does: all its files are closed, by which its locks are gone, and
// what it has written stays where the inner file system has it. Every operation from now on fails with err, which must
// not be nil. An operation in progress may end first.
func (f *FS) Kill(err error) {
	f.mu.Lock()
	f.killed = err
	open := f.open
	f.open = nil
	f.mu.Unlock()
	for file := range open {
		_ = file.File.Close()
	}
}

// opened notes a file that Kill has to close. After Kill it is closed at once.
func (f *FS) opened(file *file) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.killed != nil {
		_ = file.File.Close()
		return &fs.PathError{Op: Open.String(), Path: file.name, Err: f.killed}
	}
	f.open[file] = struct{}{}
	return nil
}

// closed forgets a file.
func (f *FS) closed(file *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, file)
}

// Count returns how many operations of the given kinds have been called so far.
func (f *FS) Count(kinds Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	count := 0
	for kind, n := range f.byKind {
		if kind&kinds != 0 {
			count += n
		}
	}
	return count
}

// outcome is what the rules make of one operation.
type outcome struct {
	err    error // nil: it goes on
	part   float64
	drop   int
	damage []func(p []byte, off int64)
}

// of returns how many of n bytes are done before the error.
func (o outcome) of(n int) int { return int(min(max(o.part, 0), 1) * float64(n)) }

// begin counts an operation, calls the hook, waits as told, and says how to go on.
func (f *FS) begin(op Op) outcome {
	var out outcome
	var delay time.Duration
	f.mu.Lock()
	if hold := f.hold; hold != nil {
		f.mu.Unlock()
		hold(op)
		f.mu.Lock()
	}
	f.n++
	f.byKind[op.Kind]++
	op.N = f.n
	for _, fault := range f.faults {
		if !fault.strikes(op) {
			continue
		}
		delay += fault.rule.Delay
		if fault.rule.Damage != nil {
			out.damage = append(out.damage, fault.rule.Damage)
		}
		if out.err == nil && fault.rule.Err != nil {
			out.err = &fs.PathError{Op: op.Kind.String(), Path: op.Name, Err: fault.rule.Err}
			out.part, out.drop = fault.rule.Part, fault.rule.Drop
		}
	}
	if f.killed != nil {
		out.err, out.part, out.drop = &fs.PathError{Op: op.Kind.String(), Path: op.Name, Err: f.killed}, 0, 0
	}
	hook := f.hook
	f.mu.Unlock()
	if hook != nil && op.Kind&Mutating != 0 {
		hook(op)
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	return out
}

// Open implements vfs.FS.
func (f *FS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	kind := Open
	if flag&vfs.Create != 0 {
		kind = Create
	}
	if out := f.begin(Op{Kind: kind, Name: name}); out.err != nil {
		return nil, out.err
	}
	inner, err := f.inner.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	opened := &file{File: inner, fs: f, name: name}
	if err := f.opened(opened); err != nil {
		return nil, err
	}
	return opened, nil
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	if out := f.begin(Op{Kind: Remove, Name: name}); out.err != nil {
		return out.err
	}
	return f.inner.Remove(name)
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	if out := f.begin(Op{Kind: Rename, Name: oldname, NewName: newname}); out.err != nil {
		return out.err
	}
	return f.inner.Rename(oldname, newname)
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if out := f.begin(Op{Kind: Stat, Name: name}); out.err != nil {
		return nil, out.err
	}
	return f.inner.Stat(name)
}

// Lstat implements vfs.Comparer, as far as the inner FS does.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	able, ok := f.inner.(vfs.Comparer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	if out := f.begin(Op{Kind: Stat, Name: name}); out.err != nil {
		return nil, out.err
	}
	return able.Lstat(name)
}

// SameFile implements vfs.Comparer, as far as the inner FS does.
func (f *FS) SameFile(a, b fs.FileInfo) bool {
	able, ok := f.inner.(vfs.Comparer)
	return ok && able.SameFile(a, b)
}

// List implements vfs.Lister, as far as the inner FS does.
func (f *FS) List(folder string, most int) ([]string, error) {
	able, ok := f.inner.(vfs.Lister)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	if out := f.begin(Op{Kind: Stat, Name: folder}); out.err != nil {
		return nil, out.err
	}
	return able.List(folder, most)
}

// RemovesOpen implements vfs.OpenRemover.
func (f *FS) RemovesOpen() bool { return vfs.RemovesOpen(f.inner) }

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) error {
	if out := f.begin(Op{Kind: SyncDir, Name: name}); out.err != nil {
		return out.err
	}
	return f.inner.SyncDir(name)
}

// Canonical implements vfs.FS.
func (f *FS) Canonical(name string) (string, error) { return f.inner.Canonical(name) }
