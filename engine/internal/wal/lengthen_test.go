// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"testing"
)

// commitSynced commits a transaction of one write, to be synced.
func commitSynced(t *testing.T, l *Log, keep int64, key string, valueLen int) {
	t.Helper()
	l.Begin()
	l.Trim(keep)
	mustAppend(t, l, key, valueLen)
	if err := l.Commit(true); err != nil {
		t.Fatal(err)
	}
}

// TestSyncedLogIsLengthenedAhead: the file grows in steps and not with each commit, ends in zeros,
// is counted, and is read as if it ended where the commits do.
func TestSyncedLogIsLengthenedAhead(t *testing.T) {
	for _, c := range []struct {
		name string
		keep int64
		step int64
	}{
		{"a step is bounded", 1 << 40, lengthenStep},
		{"and a part of what is to be kept", 4 << 20, 4 << 20 / lengthenPart},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFile()
			l, _, _ := mustRecover(t, f, emptyPos)
			var keys []string
			lengths := map[int]bool{}
			for range 3000 {
				keys = append(keys, "k")
				commitSynced(t, l, c.keep, "k", 100)
				lengths[len(f.data)] = true
			}
			end := l.End().Off
			if n := len(lengths); n > int(end/c.step)+1 {
				t.Errorf("%d lengths for %d bytes", n, end)
			}
			if size := int64(len(f.data)); size < end || size > end+c.step || size != l.Stats().FileBytes {
				t.Errorf("a file of %d bytes, %d are counted; the commits end at %d", size, l.Stats().FileBytes, end)
			}
			for i, b := range f.data[end:] {
				if b != 0 {
					t.Fatalf("byte %d after the end is %#x", i, b)
				}
			}
			if r := checkKeys(t, f, emptyPos, keys...); r.End.Off != end || r.Torn || r.Stale {
				t.Errorf("recovered %+v; the end is %d", r, end)
			}
			again, _, _ := mustRecover(t, f.reopened(), emptyPos)
			put(t, again, "more", 10)
			checkKeys(t, again.f.(*memFile), emptyPos, append(keys, "more")...)
		})
	}
}

// TestLengthenedNoFurtherThanIsKept: what Trim would cut off is not added, and a log that needs
// more than that grows as it is written.
func TestLengthenedNoFurtherThanIsKept(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	const keep = 64 << 10
	for range 200 {
		commitSynced(t, l, keep, "k", 1000)
		if size, end := int64(len(f.data)), l.End().Off; size > max(keep, end) {
			t.Fatalf("a file of %d bytes; the commits end at %d", size, end)
		}
	}
}

// TestOnlySyncedCommitsLengthen: without a sync a hole saves nothing; see TestSmallCommitsFindZeros.
func TestOnlySyncedCommitsLengthen(t *testing.T) {
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	l.Trim(1 << 40)
	put(t, l, "k", 100)
	if size, end := int64(len(f.data)), l.End().Off; size != end {
		t.Errorf("a file of %d bytes; the commit ends at %d", size, end)
	}
}

// rigidFile cannot be made longer or cut.
type rigidFile struct {
	*memFile
	tries int
}

func (f *rigidFile) Truncate(int64) error {
	f.tries++
	return errors.New("failed on purpose")
}

// TestLogThatCannotBeLengthened is written as it grows, after one attempt.
func TestLogThatCannotBeLengthened(t *testing.T) {
	f := &rigidFile{memFile: newFile()}
	l, _, err := recovering(f, emptyPos, ignore)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		commitSynced(t, l, 1<<40, "k", 100)
	}
	if size, end := int64(len(f.data)), l.End().Off; f.tries != 1 || size != end || l.Stats().FileBytes != end {
		t.Errorf("%d attempts; a file of %d bytes, %d are counted; the commits end at %d", f.tries, size, l.Stats().FileBytes, end)
	}
	checkKeys(t, f.memFile, emptyPos, "k", "k", "k", "k", "k", "k", "k", "k", "k", "k")
}
