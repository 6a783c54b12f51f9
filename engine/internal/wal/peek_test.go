// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestPeek(t *testing.T) {
	f := newFile()
	head := format.LogHead{Mark: format.LogMark{7}, Base: format.CheckpointRef{ID: 12, Sum: [2]uint32{3, 4}}}
	l, _, _ := mustRecover(t, f, emptyPos)
	l.SetHead(func() format.LogHead { return head })
	var positions []format.LogPos
	for i := range 3 {
		l.Begin()
		r := format.LogRecord{Op: format.LogWrite, Key: fmt.Appendf(nil, "k%d", i), Value: bytes.Repeat([]byte{'v'}, 300)}
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		positions = append(positions, l.End())
	}
	peek := func(from format.LogPos) Peeked {
		t.Helper()
		p, err := Peek(f, from)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	elsewhere := emptyPos
	elsewhere.Off = 1 << 20
	for what, c := range map[string]struct {
		from             format.LogPos
		commits, atStart bool
	}{
		"the beginning":                {emptyPos, true, false},
		"after the first transaction":  {positions[0], true, false},
		"after the last one":           {positions[2], false, false},
		"a position of an earlier log": {elsewhere, true, true},
		"another database":             {format.LogPos{Sum: format.Checksum{S0: 9, S1: 9}}, false, false},
	} {
		p := peek(c.from)
		if p.Commits != c.commits || p.AtStart != c.atStart || p.Head == nil || *p.Head != head || p.Other || p.Size == 0 {
			t.Errorf("%s: %+v, head %+v", what, p, p.Head)
		}
	}
	if p, err := Peek(nil, emptyPos); err != nil || p != (Peeked{}) {
		t.Errorf("no file: %+v, %v", p, err)
	}
}

// TestPeekAtALogOfAnotherDatabase: without a head, transactions are known by their checksums,
// and noise is not taken for any.
func TestPeekAtALogOfAnotherDatabase(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	for i := range 3 {
		l.Begin()
		if err := l.Append(format.LogRecord{Op: format.LogWrite, Key: fmt.Appendf(nil, "k%d", i), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	stranger := format.LogPos{Sum: format.Checksum{S0: 9, S1: 9}}
	p, err := Peek(f, stranger)
	if err != nil || p.Commits || p.Head != nil || !p.Other {
		t.Errorf("%+v, %v", p, err)
	}
	for i := range byte(200) {
		noise := newFile()
		b := bytes.Repeat([]byte{i, i * 7, i + 3, 11 * i}, 300)
		if _, err := noise.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
		if p, err := Peek(noise, stranger); err != nil || p.Other || p.Commits {
			t.Errorf("noise %d: %+v, %v", i, p, err)
		}
	}
}
