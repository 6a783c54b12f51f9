// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestLogFileStaysShort keeps what is needed of a log below a bound, with checkpoints at
// different ends behind what is written, and transactions of many sizes. The file becomes no
// longer than twice the bound and one transaction.
func TestLogFileStaysShort(t *testing.T) {
	seeds := uint64(40)
	if testKeys != nil {
		seeds = 2
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 1))
		bound := int64(format.LogMinWrap) * int64(1+rng.IntN(8))
		largest := 1 << (4 + rng.IntN(14))
		f := newFile()
		l, _, err := recovering(f, emptyPos, ignore)
		if err != nil {
			t.Fatal(err)
		}
		var ends []format.LogPos // of commits that no checkpoint holds
		ckpt := l.End()
		var written int64
		for written < 20*bound {
			for needed := BytesAfter(l.Regions(), ckpt.Off); needed > bound; needed = BytesAfter(l.Regions(), ckpt.Off) {
				n := 1 + rng.IntN(len(ends))
				ckpt, ends = ends[n-1], ends[n:]
			}
			l.BeginAfter(ckpt)
			size := rng.IntN(largest)
			if err := l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte("k"), Value: make([]byte, size)}); err != nil {
				t.Fatal(err)
			}
			if err := l.Commit(rng.IntN(2) == 0); err != nil {
				t.Fatal(err)
			}
			ends = append(ends, l.End())
			written += int64(size)
			if most := 2*(bound+int64(largest)) + format.LogMinWrap; int64(len(f.data)) > most {
				t.Fatalf("seed %d: a file of %d bytes for %d that are needed, %d written", seed, len(f.data), bound, written)
			}
		}
	}
}

// TestTrimCutsWhatIsNotNeeded makes a log long once, and cuts it as soon as the bytes at its
// end are not needed, down to what is to be kept.
func TestTrimCutsWhatIsNotNeeded(t *testing.T) {
	f := newFile()
	l, _, err := recovering(f, emptyPos, ignore)
	if err != nil {
		t.Fatal(err)
	}
	ckpt, have := format.LogPos{}, false
	commit := func(size int) {
		t.Helper()
		if have {
			l.BeginAfter(ckpt)
		} else {
			l.Begin()
		}
		l.Trim(200_000)
		if err := l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte("k"), Value: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	commit(1_000_000)
	ckpt, have = l.End(), true
	commit(10) // wraps
	if len(f.data) < 1_000_000 {
		t.Fatalf("cut to %d bytes while the checkpoint's position lies behind", len(f.data))
	}
	ckpt = l.End()
	commit(10)
	if len(f.data) != 200_192 && len(f.data) != 200_000 {
		t.Errorf("%d bytes, 200000 are to be kept", len(f.data))
	}
	if got := l.Stats().FileBytes; got != int64(len(f.data)) {
		t.Errorf("%d bytes are counted, it has %d", got, len(f.data))
	}
	if _, r, err := recovering(f.reopened(), ckpt, ignore); err != nil || r.Commits != 1 {
		t.Errorf("recovered %+v, %v", r, err)
	}
}
