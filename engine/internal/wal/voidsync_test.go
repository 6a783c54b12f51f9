// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"testing"
)

// TestFailedCommitIsVoidedDurably: of a commit that could not be written nothing comes back after a loss of power
// either, where commits are synced; elsewhere nothing is synced.
func TestFailedCommitIsVoidedDurably(t *testing.T) {
	for name, c := range map[string]struct {
		commit func(l *Log) error
		synced bool
	}{
		"synced":     {func(l *Log) error { return l.Commit(true) }, true},
		"pending":    {func(l *Log) error { return errors.Join(l.CommitLater(true), l.WritePending()) }, true},
		"not synced": {func(l *Log) error { return l.Commit(false) }, false},
	} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		put(t, l, "before", 100)
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		syncs := l.Stats().Syncs
		l.Begin()
		mustAppend(t, l, "failed", 3000)
		f.failWrite, f.failAfter = f.writes+1, 1<<20
		if err := c.commit(l); err == nil {
			t.Fatalf("%s: no error", name)
		}
		if synced := l.Stats().Syncs > syncs; synced != c.synced {
			t.Errorf("%s: synced %t", name, synced)
		}
		if c.synced && !bytes.Equal(f.synced, f.data) {
			t.Errorf("%s: what is durable is not what is in the file", name)
		}
		checkKeys(t, f, emptyPos, "before")
	}
}

// TestVoidThatCannotBeSynced ends all writing.
func TestVoidThatCannotBeSynced(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Begin()
	mustAppend(t, l, "failed", 100)
	f.failWrite, f.failAfter, f.syncErr = f.writes+1, 1<<20, errInjected
	if err := l.Commit(true); err == nil {
		t.Fatal("no error")
	}
	f.syncErr = nil
	if err := l.Sync(); !errors.Is(err, errInjected) {
		t.Errorf("the next sync: %v", err)
	}
}
