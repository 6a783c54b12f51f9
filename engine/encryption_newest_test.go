// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// mergedLast makes an encrypted database of n flushes, the newest checkpoint of which is of one segment. It returns the
// file with the checkpoint before it on one meta page, as a crash between the two writes leaves it, and as it is
// in the end, the rows, and where the segment begins.
func mergedLast(t *testing.T, pageSize, n int) (crashed [2][]byte, whole []byte, rows []string, first int64) {
	t.Helper()
	ctx, fs := context.Background(), memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: fs, Key: key1, PageSize: pageSize, BlockSize: 64 << 10, NoAutoWork: true, NoLog: true})
	for i := range n {
		ok(t, putRange(ctx, db, i*1000, i*1000+20+i%40, 1))
		ok(t, db.Flush(ctx))
	}
	checkpoint := func() []byte {
		_, err := db.Checkpoint(ctx)
		ok(t, err)
		file, err := fs.ReadFile("/x")
		ok(t, err)
		return file
	}
	before := checkpoint()
	ok(t, putRange(ctx, db, 900_000, 901_000, 1))
	ok(t, db.Flush(ctx))
	_, err := db.Work(ctx, engine.WorkOptions{Merge: 1})
	ok(t, err)
	whole, rows = checkpoint(), rowsOf(t, db)
	levels := db.Structure()
	if len(levels) != 1 || len(levels[0].Segments) != 1 {
		t.Fatalf("%d levels", len(levels))
	}
	for page := range crashed {
		crashed[page] = bytes.Clone(whole)
		copy(crashed[page][page*format.MetaPageSize:][:format.MetaPageSize], before[page*format.MetaPageSize:])
	}
	first = int64(levels[0].Segments[0].First)
	ok(t, db.Close())
	return crashed, whole, rows, first
}

// TestRecoverTakesTheNewestCheckpoint: where the meta pages hold different checkpoints, the newest one counts if any
// page of it is there: also if its first page goes on in another block, or is damaged.
func TestRecoverTakesTheNewestCheckpoint(t *testing.T) {
	ctx := context.Background()
	other, _, _ := rowsUnder(t, key1, 60, true)
	crossing := 0
	for pageSize, flushes := range map[int][]int{4096: {3, 8, 31, 50}, 16384: {1, 2}} {
		for _, n := range flushes {
			crashed, whole, rows, first := mergedLast(t, pageSize, n)
			if left := 64<<10 - first%(64<<10); left < int64(pageSize) {
				crossing++
			}
			foreign := bytes.Clone(whole)
			copy(foreign[:format.MetaPageSize], other)
			for what, file := range map[string][]byte{"page 1 is older": crashed[0], "page 2 is older": crashed[1], "page 1 is another's": foreign} {
				for _, damaged := range []bool{false, true} {
					if file = bytes.Clone(file); damaged {
						file[first+100] ^= 1
					}
					fs := memfs.New()
					ok(t, fs.WriteFile("/x", file))
					report, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key1})
					if err != nil {
						t.Errorf("%d flushes, pages of %d: %s, damaged %v: %v", n, pageSize, what, damaged, err)
						continue
					}
					lost := len(rows) - int(report.Rows)
					if lost < 0 || !damaged && lost > 0 || lost > pageSize/16 || strings.Contains(strings.Join(report.Problems, ""), "copy") {
						t.Errorf("%d flushes, pages of %d: %s, damaged %v: %d of %d rows, problems %q", n, pageSize, what, damaged,
							report.Rows, len(rows), report.Problems)
					}
				}
			}
		}
	}
	if crossing < 2 {
		t.Errorf("the first page of a segment goes on in another block %d times", crossing)
	}
}

// TestRecoverMetaPageThatCannotBeRead: a meta page that the disk does not give is damaged, and the other one leads to
// everything, with the right key.
func TestRecoverMetaPageThatCannotBeRead(t *testing.T) {
	ctx := context.Background()
	file, _, content := rowsUnder(t, key1, 60, true)
	for page := range int64(2) {
		for _, both := range []bool{false, true} {
			mem := memfs.New()
			ok(t, mem.WriteFile("/x", file))
			bad := faultfs.Wrap(mem)
			bad.Add(faultfs.Rule{On: faultfs.Read, Suffix: "/x", Forever: true, Err: syscall.EIO, Match: func(op faultfs.Op) bool {
				at := page * format.MetaPageSize
				return op.Off < at+512 && op.Off+op.Len > at || both && op.Off < 2*format.MetaPageSize
			}})
			recover := func(o engine.RecoverOptions) error {
				o.FS = bad
				_, err := engine.Recover(ctx, "/x", "/y", o)
				return err
			}
			if err := recover(engine.RecoverOptions{}); !errors.Is(err, engine.ErrKey) == !both {
				t.Errorf("page %d, both %v, without the key: %v", page+1, both, err)
			}
			err := recover(engine.RecoverOptions{Key: key1})
			if both {
				if !errors.Is(err, engine.ErrIO) || !errors.Is(err, syscall.EIO) {
					t.Errorf("neither page: %v", err)
				}
				continue
			}
			ok(t, err)
			db := mustOpen(t, "/y", engine.Options{FS: mem, Key: key1, ReadOnly: true})
			if got := contentOf(t, db); got != content {
				t.Errorf("page %d: %d bytes of rows of %d", page+1, len(got), len(content))
			}
			ok(t, db.Close())
		}
	}
}
