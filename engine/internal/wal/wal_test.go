// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestWorkedBytes(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	for _, kv := range [][2]string{{"a", "1"}, {"b", "22"}} {
		l.Begin()
		if err := l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte(kv[0]), Value: []byte(kv[1])}); err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	want := []byte{
		0x06, 0x01, 0x01, 0x61, 0x31,
		0x03, 0x61, 0x01, 0x1c, 0x06, 0x61, 0x01, 0x35, 0x65,
		0x06, 0x01, 0x02, 0x62, 0x32, 0x32,
		0x03, 0x24, 0x04, 0x52, 0x71, 0x85, 0x08, 0xba, 0x08,
	}
	if !bytes.Equal(f.data, want) {
		t.Fatalf("log is\n%x, want\n%x", f.data, want)
	}
	if f.writes != 2 {
		t.Errorf("%d writes for two commits", f.writes)
	}
	end := format.LogPos{Off: 29, Toggle: true, Sum: format.Checksum{S0: 0x24045271, S1: 0x8508ba08}}
	if l.End() != end {
		t.Errorf("end %+v, want %+v", l.End(), end)
	}
	r := checkKeys(t, f, emptyPos, "a", "b")
	if r.Commits != 2 || r.Records != 2 || r.Bytes != 29 || r.Rebased || r.Torn || r.End != end {
		t.Errorf("recovered %+v", r)
	}
}

func TestPaddedCommitFillsItsSector(t *testing.T) {
	for _, sector := range []int{512, 4096} {
		for size := range 530 {
			f := &memFile{sector: sector}
			l, _, _ := mustRecover(t, f, emptyPos)
			mustAppend(t, l, "k", size)
			if err := l.Commit(true); err != nil {
				t.Fatal(err)
			}
			if n := len(f.data); n%sector != 0 || n > sector+512 {
				t.Fatalf("value of %d bytes in sectors of %d: the log has %d bytes", size, sector, n)
			}
			checkKeys(t, f, emptyPos, "k")
		}
	}
}

func TestNoFile(t *testing.T) {
	from := format.LogPos{Off: 12, Toggle: true, Sum: format.Checksum{S0: 1, S1: 2}}
	l, r, err := Recover(nil, from, nil, ignore)
	if err != nil || r.Commits != 0 || !r.Rebased || r.Torn {
		t.Fatalf("%+v, %v", r, err)
	}
	l.BeginAfter(from)
	if err := l.Append(format.LogRecord{Op: format.LogDelete}); !errors.Is(err, errs.ErrReadOnly) {
		t.Errorf("append without a file: %v", err)
	}
	if err := l.Commit(true); err != nil {
		t.Errorf("empty commit: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if f.closed != 1 {
		t.Fatalf("the file was closed %d times", f.closed)
	}
}

func TestTooBig(t *testing.T) {
	for _, c := range []struct {
		key, value int
		want       bool
	}{
		{0, 0, false},
		{format.MaxKeyLen, format.MaxValueLen, false},
		{format.MaxKeyLen + 1, 0, true},
		{0, format.MaxValueLen + 1, true},
	} {
		if err := checkSizes(c.key, c.value); errors.Is(err, errs.ErrTooBig) != c.want || (err == nil) == c.want {
			t.Errorf("key of %d, value of %d bytes: %v", c.key, c.value, err)
		}
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	f := newFile()
	f.data = make([]byte, 0, 32<<20)
	l, _, _ := mustRecover(t, f, emptyPos)
	r := format.LogRecord{Op: format.LogWrite, Key: []byte("some key"), Value: randomBytes()[:100]}
	n := testing.AllocsPerRun(200, func() {
		l.BeginAfter(l.End())
		for range 300 {
			if l.Append(r) != nil {
				t.Fatal("append fails")
			}
		}
		m := l.Mark()
		if l.Append(r) != nil {
			t.Fatal("append fails")
		}
		l.RollbackTo(m)
		if l.Commit(false) != nil {
			t.Fatal("commit fails")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a transaction", n)
	}
}
