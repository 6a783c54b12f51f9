// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// The two forms of a copy, and what they are called in the names of tests.
var backupForms = []struct {
	name     string
	path     func(*engine.DB, context.Context, string, engine.BackupOptions) error
	to       func(*engine.DB, context.Context, io.Writer, engine.BackupOptions) error
	segments func(n int) bool // what number of segments the copy may have
}{
	{"rows", (*engine.DB).Backup, (*engine.DB).BackupTo, func(n int) bool { return n <= 1 }},
	{"blocks", (*engine.DB).CopyCheckpoint, (*engine.DB).CopyCheckpointTo, func(int) bool { return true }},
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rowsOf returns all rows as "key=value".
func rowsOf(t *testing.T, db *engine.DB) (rows []string) {
	t.Helper()
	ok(t, db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for more := c.First(); more; more = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			rows = append(rows, string(c.Key())+"="+string(v))
		}
		return c.Err()
	}))
	return rows
}

// fillings are databases in different states, by what makes them so.
var fillings = []struct {
	name string
	fill func(ctx context.Context, db *engine.DB) error
}{
	{"empty", func(context.Context, *engine.DB) error { return nil }},
	{"only in memory", func(ctx context.Context, db *engine.DB) error { return putRange(ctx, db, 0, 50, 1) }},
	{"one row", func(ctx context.Context, db *engine.DB) error {
		return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(nil, nil) })
	}},
	{"all deleted", func(ctx context.Context, db *engine.DB) error {
		if err := errors.Join(putRange(ctx, db, 0, 500, 1), db.Flush(ctx)); err != nil {
			return err
		}
		return db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange(nil, []byte("z")) })
	}},
	{"levels and trees", func(ctx context.Context, db *engine.DB) error {
		for i := range 5 {
			if err := errors.Join(putRange(ctx, db, i*300, i*300+900, i), db.Flush(ctx)); err != nil {
				return err
			}
			if err := db.Update(ctx, func(tx *engine.Tx) error {
				return tx.DeleteRange(fmt.Appendf(nil, "k%06d", i*300), fmt.Appendf(nil, "k%06d", i*300+100+i))
			}); err != nil {
				return err
			}
		}
		return putRange(ctx, db, 2000, 2100, 9)
	}},
	{"free blocks", func(ctx context.Context, db *engine.DB) error {
		for i := range 6 {
			if err := errors.Join(putRange(ctx, db, 0, 1500, i), db.Optimize(ctx)); err != nil {
				return err
			}
		}
		return nil
	}},
	{"large values", func(ctx context.Context, db *engine.DB) error {
		return db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 5 {
				if err := tx.Put(bytes.Repeat([]byte{byte(i)}, 3000), bytes.Repeat([]byte{byte(i), 7}, 100_000)); err != nil {
					return err
				}
			}
			return nil
		})
	}},
}

func appendKey(b []byte, i int) []byte { return fmt.Appendf(b, "k%06d", i) }

// putRange writes keys lo up to hi in one transaction, with values that tell generations
// apart.
func putRange(ctx context.Context, db *engine.DB, lo, hi, generation int) error {
	return db.Update(ctx, func(tx *engine.Tx) error {
		for i := lo; i < hi; i++ {
			if err := tx.Put(appendKey(nil, i), fmt.Appendf(nil, "%d:%060d", generation, i)); err != nil {
				return err
			}
		}
		return nil
	})
}

var smallSizes = engine.Options{PageSize: 512, BlockSize: 64 << 10, AutoFlush: 64 << 10, AutoCheckpoint: 64 << 10}

// TestBackup copies databases in all states, in both forms, to a file and into a stream,
// while they are open and from a read-only handle, and opens the copies.
func TestBackup(t *testing.T) {
	ctx := context.Background()
	for _, filling := range fillings {
		for _, form := range backupForms {
			t.Run(form.name+"/"+filling.name, func(t *testing.T) {
				mem := memfs.New()
				o := smallSizes
				o.FS = mem
				db, err := engine.Open(ctx, "/x.lsm", o)
				ok(t, err)
				ok(t, filling.fill(ctx, db))
				want := rowsOf(t, db)
				var last engine.BackupProgress
				ok(t, form.path(db, ctx, "/copy.lsm", engine.BackupOptions{Progress: func(p engine.BackupProgress) {
					if p.Bytes < last.Bytes || p.Rows < last.Rows || p.Total < p.Bytes {
						t.Errorf("progress goes from %+v to %+v", last, p)
					}
					last = p
				}}))
				if form.name == "rows" && last.Rows != int64(len(want)) || last.Total != last.Bytes {
					t.Errorf("the last progress is %+v, of %d rows", last, len(want))
				}
				var streamed bytes.Buffer
				ok(t, form.to(db, ctx, &streamed, engine.BackupOptions{}))
				if db.Stats().Pins != 0 {
					t.Error("the backup still pins something")
				}
				ok(t, db.Close())
				expectCopy(t, mem, "/copy.lsm", want, form.segments)
				mem.WriteFile("/streamed.lsm", streamed.Bytes())
				expectCopy(t, mem, "/streamed.lsm", want, form.segments)

				o.ReadOnly = true
				db, err = engine.Open(ctx, "/x.lsm", o)
				ok(t, err)
				ok(t, form.path(db, ctx, "/again.lsm", engine.BackupOptions{}))
				ok(t, db.Close())
				expectCopy(t, mem, "/again.lsm", want, form.segments)
				for _, name := range mem.Names() {
					if strings.Contains(name, "-log") || strings.Contains(name, "-backup-") {
						t.Errorf("%s is left", name)
					}
				}
			})
		}
	}
}

// expectCopy opens a copy to read it, then to write it, and compares it with rows.
func expectCopy(t *testing.T, mem *memfs.FS, path string, want []string, segments func(int) bool) {
	t.Helper()
	ctx := context.Background()
	before, err := mem.ReadFile(path)
	ok(t, err)
	db, err := engine.Open(ctx, path, engine.Options{FS: mem, ReadOnly: true})
	ok(t, err)
	if n := db.Stats().Segments; !segments(n) {
		t.Errorf("%s has %d segments", path, n)
	}
	if got := rowsOf(t, db); !slices.Equal(got, want) {
		t.Errorf("%s has %d rows, want %d, or others", path, len(got), len(want))
	}
	expectSound(t, db)
	ok(t, db.Close())
	expectFile(t, mem, path, before)
	db, err = engine.Open(ctx, path, engine.Options{FS: mem, MustExist: true})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 2000, 77))
	ok(t, db.Flush(ctx))
	expectSound(t, db)
	ok(t, db.Close())
	mem.WriteFile(path, before)
}

// TestBackupOfRecoveredLog copies what a read-only handle sees of a database that a crash
// left with a log: the rows can be copied, the checkpoint says something else.
func TestBackupOfRecoveredLog(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 10, 1))
	left := mem.Clone()
	want := rowsOf(t, db)
	ok(t, db.Close())
	db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: left, ReadOnly: true})
	ok(t, err)
	defer db.Close()
	if err := db.CopyCheckpoint(ctx, "/copy.lsm", engine.BackupOptions{}); !errors.Is(err, engine.ErrReadOnly) {
		t.Errorf("copy of the checkpoint: %v", err)
	}
	ok(t, db.Backup(ctx, "/copy.lsm", engine.BackupOptions{}))
	expectCopy(t, left, "/copy.lsm", want, func(n int) bool { return n == 1 })
}

// TestRestoreBesideOldLog puts copies where the log of the old database still lies: what it
// holds is not replayed into them.
func TestRestoreBesideOldLog(t *testing.T) {
	ctx := context.Background()
	for _, form := range backupForms {
		for name, rows := range map[string]int{"rows": 300, "none": 0} {
			mem := memfs.New()
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
			ok(t, err)
			ok(t, putRange(ctx, db, 0, 100, 1))
			ok(t, putRange(ctx, db, 0, rows, 2))
			if rows == 0 {
				ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange(nil, []byte("z")) }))
			}
			want := rowsOf(t, db)
			ok(t, form.path(db, ctx, "/copy.lsm", engine.BackupOptions{}))
			ok(t, putRange(ctx, db, 50, 60, 3))
			left := mem.Clone()
			ok(t, db.Close())
			if log, err := left.ReadFile("/x.lsm-log"); err != nil || len(log) == 0 {
				t.Fatalf("there is no log: %v", err)
			}
			ok(t, left.Rename("/copy.lsm", "/x.lsm"))
			for _, readOnly := range []bool{true, false} {
				db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: left, ReadOnly: readOnly})
				ok(t, err)
				if got := rowsOf(t, db); !slices.Equal(got, want) {
					t.Errorf("%s, %s: %d rows, want %d, or others", form.name, name, len(got), len(want))
				}
				expectSound(t, db)
				if !readOnly {
					ok(t, putRange(ctx, db, 400, 401, 1))
				}
				ok(t, db.Close())
			}
			db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: left})
			ok(t, err)
			if got := rowsOf(t, db); len(got) != len(want)+1 {
				t.Errorf("%d rows after one more", len(got))
			}
			ok(t, db.Close())
		}
	}
}

// TestBackupOfGoldenFiles copies files that C lsm1 wrote: half-done merges, linked levels,
// moved blocks.
func TestBackupOfGoldenFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		db, err := engine.Open(ctx, path, engine.Options{ReadOnly: true})
		ok(t, err)
		defer db.Close()
		for _, form := range backupForms {
			copied := path + "-" + form.name
			err := form.path(db, ctx, copied, engine.BackupOptions{})
			if form.name == "blocks" && errors.Is(err, engine.ErrReadOnly) {
				continue // there is a log; TestBackupOfRecoveredLog
			}
			ok(t, err)
			c, err := engine.Open(ctx, copied, engine.Options{})
			ok(t, err)
			expectDB(t, c, rows)
			expectSound(t, c)
			ok(t, c.Close())
		}
	})
}

// TestBackupWhileWriting copies a database again and again while two writers commit. Each
// of their transactions gives every key its own number, so every copy that shows one
// committed state shows one number.
func TestBackupWhileWriting(t *testing.T) {
	for _, form := range backupForms {
		t.Run(form.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			o := smallSizes
			o.FS = memfs.New()
			o.AutoMerge = 2
			db, err := engine.Open(ctx, "/x.lsm", o)
			ok(t, err)
			const keys = 300
			ok(t, putRange(ctx, db, 0, keys, 0))
			var writers sync.WaitGroup
			var turn sync.Mutex
			generation := 0
			for range 2 {
				writers.Go(func() {
					for ctx.Err() == nil {
						turn.Lock()
						generation++
						g := generation
						turn.Unlock()
						if err := putRange(context.Background(), db, 0, keys, g); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			newest := 0
			for i := 0; i < 12 || newest < 3 && i < 10000; i++ {
				path := fmt.Sprintf("/copy%d.lsm", i)
				if err := form.path(db, ctx, path, engine.BackupOptions{}); err != nil {
					t.Error(err)
					break
				}
				c, err := engine.Open(ctx, path, engine.Options{FS: o.FS})
				if err != nil {
					t.Error(err)
					break
				}
				rows := rowsOf(t, c)
				var first int
				fmt.Sscanf(strings.SplitN(rows[0], "=", 2)[1], "%d:", &first)
				for j, row := range rows {
					if want := fmt.Sprintf("k%06d=%d:%060d", j, first, j); row != want {
						t.Fatalf("copy %d, row %d: %s, want %s", i, j, row, want)
					}
				}
				if len(rows) != keys {
					t.Errorf("copy %d has %d rows", i, len(rows))
				}
				newest = max(newest, first)
				expectSound(t, c)
				ok(t, c.Close())
			}
			stop()
			writers.Wait()
			if newest < 3 {
				t.Error("the writers did not come to write")
			}
			expectSound(t, db)
			ok(t, db.Close())
		})
	}
}
