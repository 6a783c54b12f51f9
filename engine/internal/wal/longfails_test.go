// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// A long record of which a part is in the file already when it fails leaves the transaction as it was: what comes
// before it, which is in frames that no checksum has run over yet, can still be committed.
func TestLongRecordThatFails(t *testing.T) {
	f := newFile()
	k := newKeys(t)
	from := emptyPos
	from.Chain = crypt.NewChain()
	l, _, err := Recover(f, from, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin()
	mustAppend(t, l, "before", 60<<10)
	mustAppend(t, l, "before too", 60<<10)
	f.failWrite = f.writes + 2
	long := format.LogRecord{Op: format.LogWrite, Key: []byte("long"), Value: make([]byte, 4<<20)}
	if err := l.Append(long); !errors.Is(err, errs.ErrIO) {
		t.Fatalf("append: %v", err)
	}
	mustAppend(t, l, "after", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	var got []string
	_, _, err = Recover(f.reopened(), from, k, func(r format.LogRecord) error {
		got = append(got, string(r.Key))
		return nil
	})
	if err != nil || len(got) != 3 || got[2] != "after" {
		t.Fatalf("recovered %q, %v", got, err)
	}
}

// A mark that cannot be made has lost what came before it, so the transaction cannot be committed any more, also if
// going back to the mark leaves nothing of it.
func TestMarkThatFails(t *testing.T) {
	k := newKeys(t)
	l, _, err := Recover(newFile(), emptyPos, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin()
	start := l.Mark()
	mustAppend(t, l, "lost", 10)
	k.Wipe() // so that no frame can be made
	m := l.Mark()
	l.RollbackTo(m)
	if err := l.Commit(false); err == nil {
		t.Error("a commit of what is not in the log")
	}
	l.RollbackTo(start)
	if err := l.Commit(false); err != nil {
		t.Errorf("a commit of nothing: %v", err)
	}
}
