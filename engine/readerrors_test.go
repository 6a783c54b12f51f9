// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// unreadableFile makes a database of several segments with a log, as it is while it is open.
func unreadableFile(t *testing.T, o engine.Options) *memfs.FS {
	t.Helper()
	ctx, mem := context.Background(), memfs.New()
	o.FS, o.PageSize, o.BlockSize, o.NoAutoWork = mem, 1024, 64<<10, true
	db := mustOpen(t, "/x.db", o)
	for level := range 4 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 100 {
				if err := tx.Put(fmt.Appendf(nil, "key%05d", 4*i+level), bytes.Repeat([]byte{byte(i)}, 40)); err != nil {
					return err
				}
			}
			return tx.Put(fmt.Appendf(nil, "long%d", level), make([]byte, 3000))
		}))
		if level < 3 {
			ok(t, db.Flush(ctx))
		}
		if level == 2 {
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}
	}
	files := mem.Clone()
	ok(t, db.Close())
	return files
}

// TestReadErrorsAreNamed has the disk fail to read each part of a database in turn. Whatever then fails says so: its
// error is that of the disk, not one of a damaged file alone; the file may be whole.
func TestReadErrorsAreNamed(t *testing.T) {
	ctx := context.Background()
	secret := keys.Raw([]byte("0123456789abcdef0123456789abcdef"))
	for name, o := range map[string]engine.Options{
		"in clear": {}, "compressed": {Compression: "lz4"}, "encrypted": {Key: secret}, "encrypted and compressed": {Key: secret, Compression: "zstd"},
	} {
		files := unreadableFile(t, o)
		data, err := files.ReadFile("/x.db")
		ok(t, err)
		log, err := files.ReadFile("/x.db-log")
		ok(t, err)
		use := func(o engine.Options, how func(db *engine.DB) error) func(fs *faultfs.FS) error {
			return func(fs *faultfs.FS) error {
				o.FS = fs
				db, err := engine.Open(ctx, "/x.db", o)
				if err != nil {
					return err
				}
				return errors.Join(how(db), db.Close())
			}
		}
		readOnly, around := o, o
		readOnly.ReadOnly, around.ReadOnly, around.SkipDamaged = true, true, true
		calls := map[string]func(fs *faultfs.FS) error{
			"Identify": func(fs *faultfs.FS) error { _, err := engine.Identify(fs, "/x.db"); return err },
			"ReadLog": func(fs *faultfs.FS) (err error) {
				for _, err = range engine.ReadLog(ctx, "/x.db", engine.ReadLogOptions{FS: fs, Key: o.Key}) {
				}
				return err
			},
			"Recover": func(fs *faultfs.FS) error {
				_, err := engine.Recover(ctx, "/x.db", "/new.db", engine.RecoverOptions{FS: fs, Key: o.Key})
				return err
			},
			"Recover, looking at all pages": func(fs *faultfs.FS) error {
				_, err := engine.Recover(ctx, "/x.db", "/new.db", engine.RecoverOptions{FS: fs, Key: o.Key, Scan: o.Key == nil})
				return err
			},
			"Recover without the log": func(fs *faultfs.FS) error {
				_, err := engine.Recover(ctx, "/x.db", "/new.db", engine.RecoverOptions{FS: fs, Key: o.Key, NoLog: true})
				return err
			},
			"Open":             use(o, func(*engine.DB) error { return nil }),
			"Open for reading": use(readOnly, func(*engine.DB) error { return nil }),
			"Open around":      use(around, func(*engine.DB) error { return nil }),
			"reading":          use(readOnly, func(db *engine.DB) error { return readEverything(t, ctx, db) }),
			"Backup":           use(readOnly, func(db *engine.DB) error { return db.Backup(ctx, "/copy.db", engine.BackupOptions{}) }),
			"BackupTo":         use(readOnly, func(db *engine.DB) error { return db.BackupTo(ctx, io.Discard, engine.BackupOptions{}) }),
			"CopyCheckpoint":   use(o, func(db *engine.DB) error { return db.CopyCheckpoint(ctx, "/copy.db", engine.BackupOptions{}) }),
			"Optimize":         use(o, func(db *engine.DB) error { return db.Optimize(ctx) }),
			"Layout":           use(readOnly, func(db *engine.DB) error { _, err := db.Layout(ctx); return err }),
			"segments": use(readOnly, func(db *engine.DB) (err error) {
				for _, level := range db.Structure() {
					for _, s := range level.Segments {
						_, pagesErr := db.SegmentPages(s.First)
						_, pageErr := db.Page(s.First)
						_, dumpErr := db.PageDump(s.Root)
						_, rangesErr := db.SegmentRanges(s.First)
						err = errors.Join(err, pagesErr, pageErr, dumpErr, rangesErr)
					}
				}
				return err
			}),
			"Check": use(readOnly, func(db *engine.DB) (err error) {
				for p := range db.Check(ctx) {
					if !strings.Contains(p.String(), syscall.EIO.Error()) {
						err = errors.Join(err, errors.New(p.String()))
						continue
					}
					return syscall.EIO
				}
				return err
			}),
		}
		type part struct {
			suffix   string
			from, to int64
		}
		parts := []part{{".db", 0, 4096}, {".db", 4096, 8192}, {".db", 0, 8192}, {".db-log", 0, int64(len(log))}, {".db", 0, 12 << 10}, {".db", 0, 1 << 40}}
		for off := int64(8 << 10); off < int64(len(data)); off += 4096 {
			if !format.AllZero(data[off:min(off+4096, int64(len(data)))]) {
				parts = append(parts, part{".db", off, off + 4096})
			}
		}
		failed, met := 0, 0
		for _, p := range parts {
			for what, call := range calls {
				bad, reads := faultfs.Wrap(files.Clone()), 0
				bad.Add(faultfs.Rule{On: faultfs.Read, Suffix: p.suffix, Forever: true, Err: syscall.EIO, Match: func(op faultfs.Op) bool {
					if op.Off >= p.to || op.Off+op.Len <= p.from {
						return false
					}
					reads++
					return true
				}})
				err := call(bad)
				if reads > 0 {
					met++
				}
				if reads > 0 && what == "Check" && err == nil && p.suffix == ".db" {
					t.Errorf("%s, Check does not notice that %s cannot be read from %d to %d", name, p.suffix, p.from, p.to)
				}
				if err == nil {
					continue
				}
				if failed++; reads > 0 && (!errors.Is(err, syscall.EIO) || errors.Is(err, engine.ErrCorrupt)) {
					t.Errorf("%s, %s, %s cannot be read from %d to %d: %v", name, what, p.suffix, p.from, p.to, err)
				}
				if reads == 0 {
					t.Errorf("%s, %s, nothing failed: %v", name, what, err)
				}
			}
		}
		t.Logf("%s: %d parts, met %d times, %d errors", name, len(parts), met, failed)
		if met < len(parts) || failed < len(parts) {
			t.Errorf("%s: %d parts, met %d times, %d errors", name, len(parts), met, failed)
		}
	}
}
