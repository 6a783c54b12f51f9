// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

const (
	// hostileMemory is what one call may allocate in all for a hostile file of at most 1 MiB, far more than any of them
	// does, and far less than what the numbers in the files say.
	hostileMemory = 384 << 20
	// hostileTime is how long one call may take: a second, and room for slow machines.
	hostileTime = 2 * time.Minute
)

// hostileFiles are files that somebody has made to do harm: with checksums that are right, and numbers that lead in
// circles or promise what there is not.
func hostileFiles(t *testing.T) map[string]fuzzFile {
	t.Helper()
	good := fuzzFiles(t)[0]
	files := map[string]fuzzFile{
		"nothing":                    {},
		"zeros":                      {db: make([]byte, 1<<20), log: make([]byte, 1<<20)},
		"ones":                       {db: bytes.Repeat([]byte{0xFF}, 1<<20), log: bytes.Repeat([]byte{0xFF}, 1<<20)},
		"noise":                      {db: noise(1 << 20), log: noise(1 << 20)},
		"a log of ones":              {db: good.db, log: bytes.Repeat([]byte{0xFF}, 1<<20)},
		"a log of noise":             {db: good.db, log: noise(1 << 20)},
		"a log that is a database":   {db: good.db, log: good.db},
		"a database that is a log":   {db: good.log, log: good.log},
		"a log that leads to itself": {db: nil, log: bytes.Repeat(format.AppendLogJump(nil, 0), 1<<18)},
	}
	for kind := range 12 {
		// The greatest lengths that the head of a record can have.
		log := bytes.Repeat([]byte{byte(kind), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 1000)
		files[fmt.Sprintf("a log of records of kind %d", kind)] = fuzzFile{db: good.db, log: log}
	}
	change := func(name string, how func(c *format.Checkpoint)) {
		files[name] = withCheckpoint(t, good, how)
	}
	for name, page := range map[string]base.PageNo{"2^40": 1 << 40, "2^60": 1 << 60, "2^63-1": math.MaxInt64, "-1": -1, "-2^63": math.MinInt64} {
		change("first page "+name, func(c *format.Checkpoint) { c.Levels[0].LHS.First = page })
		change("last page "+name, func(c *format.Checkpoint) { c.Levels[0].LHS.Last = page })
		change("root "+name, func(c *format.Checkpoint) { c.Levels[0].LHS.Root = page })
		change("pages "+name, func(c *format.Checkpoint) { c.Levels[0].LHS.Size = int64(page) })
		change("all pages "+name, func(c *format.Checkpoint) {
			for i := range c.Levels {
				c.Levels[i].LHS = format.Segment{First: page, Last: page, Root: page, Size: int64(page)}
			}
		})
		change("append points "+name, func(c *format.Checkpoint) { c.Append = [4]base.PageNo{page, page, page, page} })
		change("log position "+name, func(c *format.Checkpoint) { c.Log.Off = int64(page) })
	}
	change("2^32 blocks", func(c *format.Checkpoint) { c.Blocks = math.MaxUint32 })
	change("2^32 blocks, and free ones", func(c *format.Checkpoint) {
		c.Blocks = math.MaxUint32
		c.Free = nil
		for b := range base.BlockNo(format.MaxFreeEntries) {
			c.Free = append(c.Free, format.FreeEntry{Block: math.MaxUint32 - 100 + b, ID: 3})
		}
	})
	change("blocks that are free and in use", func(c *format.Checkpoint) {
		c.Free = nil
		for b := range base.BlockNo(c.Blocks) {
			c.Free = append(c.Free, format.FreeEntry{Block: b + 1, ID: 1})
		}
	})
	change("the greatest number", func(c *format.Checkpoint) { c.ID = math.MaxInt64 })
	change("one segment 39 times", func(c *format.Checkpoint) {
		for len(c.Levels) < format.MaxRHS-1 {
			c.Levels = append(c.Levels, c.Levels[0])
		}
	})
	change("a merge of a segment with itself", func(c *format.Checkpoint) {
		l := &c.Levels[0]
		l.RHS = []format.Segment{l.LHS, l.LHS, l.LHS}
		l.Merge = format.Merge{Inputs: []format.MergeInput{{Page: l.LHS.First}, {Page: l.LHS.First}, {Page: l.LHS.First}}, SplitPage: l.LHS.First}
	})
	for _, size := range []uint32{0, 1, 3, 256, 1 << 16, 1 << 20, 1 << 31, math.MaxUint32} {
		change(fmt.Sprintf("pages of %d bytes", size), func(c *format.Checkpoint) { c.PageSize = size })
		change(fmt.Sprintf("blocks of %d bytes", size), func(c *format.Checkpoint) { c.BlockSize = size })
	}
	change("a codec that there is not", func(c *format.Checkpoint) { c.Compression = 12345 })
	for name, codec := range map[string]uint32{"lz4": 10002, "zstd": 10004} {
		change("pages that are not compressed, as "+name, func(c *format.Checkpoint) { c.Compression = codec })
	}
	circles(good, files)
	maps.Copy(files, bombedFiles(t))
	maps.Copy(files, hostileEncrypted(t))
	return files
}

// circles adds files in which blocks and pages lead back.
func circles(good fuzzFile, files map[string]fuzzFile) {
	c := newestCheckpoint(good.db)
	g, err := c.Geometry()
	if err != nil {
		panic(err)
	}
	for next, name := range map[bool]string{true: "each block leads to itself", false: "each block comes after itself"} {
		db := bytes.Clone(good.db)
		for b := base.BlockNo(1); b <= base.BlockNo(c.Blocks); b++ {
			if off := g.LinkOffset(b, next); off+4 <= int64(len(db)) {
				binary.BigEndian.PutUint32(db[off:], uint32(b))
			}
		}
		files[name] = fuzzFile{db, good.log}
	}
	for name, child := range map[string]func(base.PageNo) base.PageNo{
		"each page leads to itself":   func(p base.PageNo) base.PageNo { return p },
		"each page leads to the root": func(base.PageNo) base.PageNo { return c.Levels[0].LHS.Root },
		"each page leads to 2^60":     func(base.PageNo) base.PageNo { return 1 << 60 },
	} {
		db := bytes.Clone(good.db)
		for p := g.FirstPage(1); int(g.Offset(p))+g.PageSize <= len(db); p++ {
			raw := db[g.Offset(p):][:g.PageSize]
			seal := format.SealOf(p, raw)
			// The pointer of the page is before its number of records and its flags.
			binary.BigEndian.PutUint64(raw[g.PageSize-12:], uint64(child(p)))
			g.SealPage(p, raw, seal)
		}
		files[name] = fuzzFile{db, good.log}
	}
}

func noise(n int) []byte {
	rng := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = rng.Read(b)
	return b
}

// withCheckpoint returns a file with another checkpoint on both meta pages.
func withCheckpoint(t *testing.T, f fuzzFile, how func(c *format.Checkpoint)) fuzzFile {
	t.Helper()
	c := newestCheckpoint(f.db)
	how(c)
	blob, err := c.Encode()
	ok(t, err)
	db := bytes.Clone(f.db)
	for _, off := range []int{0, format.MetaPageSize} {
		clear(db[off : off+format.MetaSize])
		copy(db[off:], blob)
	}
	return fuzzFile{db, f.log}
}

// measured runs a call, which must neither allocate much nor take long, whatever it returns.
func measured(t *testing.T, what string, call func(ctx context.Context) error) {
	t.Helper()
	allocated := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
	defer cancel()
	before := allocated()
	err := call(ctx)
	if n := allocated() - before; n > hostileMemory {
		t.Errorf("%s allocates %d MiB", what, n>>20)
	}
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s takes more than %v", what, hostileTime)
	}
}

// TestHostileFiles: whatever a file says, no call panics, takes long or needs much memory.
func TestHostileFiles(t *testing.T) {
	for name, f := range hostileFiles(t) {
		t.Run(name, func(t *testing.T) {
			ways := []engine.Options{{ReadOnly: true}, {ReadOnly: true, SkipDamaged: true}, {}}
			var key keys.Source
			if strings.HasPrefix(name, "encrypted") {
				key = hostileKey
				for i := range ways {
					ways[i].Key = hostileKey
				}
				ways = append(ways, engine.Options{Key: hostilePass})
			}
			for _, o := range ways {
				fs := f.files(t)
				o.FS, o.CacheSize = fs, 1<<20
				measured(t, "Identify", func(context.Context) error {
					_, err := engine.Identify(fs, "/x.db")
					return err
				})
				measured(t, "using it", func(ctx context.Context) error { return useHostile(t, ctx, o) })
			}
			measured(t, "ReadLog", func(ctx context.Context) error {
				for _, err := range engine.ReadLog(ctx, "/x.db", engine.ReadLogOptions{FS: f.files(t), Key: key}) {
					if err != nil {
						return err
					}
				}
				return nil
			})
			for _, scan := range []bool{false, true} {
				measured(t, "Recover", func(ctx context.Context) error {
					_, err := engine.Recover(ctx, "/x.db", "/new.db", engine.RecoverOptions{FS: f.files(t), Scan: scan, Key: key})
					return err
				})
			}
		})
	}
}

func (f fuzzFile) files(t *testing.T) *memfs.FS {
	t.Helper()
	fs := memfs.New()
	ok(t, errors.Join(fs.WriteFile("/x.db", f.db), fs.WriteFile("/x.db-log", f.log)))
	return fs
}

// useHostile opens a database and does with it whatever can be done.
func useHostile(t *testing.T, ctx context.Context, o engine.Options) error {
	t.Helper()
	var db *engine.DB
	var err error
	step := func(what string, call func(ctx context.Context) error) {
		measured(t, what, func(ctx context.Context) error { err = call(ctx); return err })
	}
	step("Open", func(ctx context.Context) error {
		db, err = engine.Open(ctx, "/x.db", o)
		return err
	})
	if err != nil {
		return nil
	}
	step("Check", func(ctx context.Context) error {
		n := 0
		for range db.Check(ctx) {
			if n++; n > 100_000 {
				t.Error("Check does not end")
				break
			}
		}
		return nil
	})
	step("Stats", func(context.Context) error {
		_, _, _ = db.Stats(), db.Structure(), db.CheckpointSize()
		return nil
	})
	step("Layout", func(ctx context.Context) error { _, err := db.Layout(ctx); return err })
	for _, page := range []int64{-1, 0, 1, 2, 1 << 20, 1 << 60, math.MaxInt64} {
		step("PageDump", func(context.Context) error { _, err := db.PageDump(page); return err })
	}
	step("reading", func(ctx context.Context) error { _ = readEverything(t, ctx, db); return nil })
	step("BackupTo", func(ctx context.Context) error { return db.BackupTo(ctx, io.Discard, engine.BackupOptions{}) })
	step("Backup", func(ctx context.Context) error {
		return db.Backup(ctx, "/copy.db", engine.BackupOptions{Compression: "zstd"})
	})
	step("encrypting", func(ctx context.Context) error {
		return db.Backup(ctx, "/encrypted.db", engine.BackupOptions{Key: hostileKey, Compression: "none"})
	})
	step("decrypting", func(ctx context.Context) error {
		return db.Backup(ctx, "/clear.db", engine.BackupOptions{Key: keys.None, Compression: "none"})
	})
	step("inspecting", func(ctx context.Context) error { return inspectEverything(t, ctx, db) })
	step("CopyCheckpoint", func(ctx context.Context) error { return db.CopyCheckpoint(ctx, "/copied.db", engine.BackupOptions{}) })
	if !o.ReadOnly {
		step("Put", func(ctx context.Context) error {
			return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key050"), make([]byte, 10_000)) })
		})
		step("Optimize", func(ctx context.Context) error { return db.Optimize(ctx) })
	}
	step("Close", func(context.Context) error { return db.Close() })
	return nil
}

// TestGiantFiles: files whose length is nothing but a number take no more than others, where nothing has to read all
// of them.
func TestGiantFiles(t *testing.T) {
	dir := t.TempDir()
	good := fuzzFiles(t)[0]
	for name, size := range map[string][2]int64{"database": {1 << 40, 0}, "log": {0, 1 << 40}, "both": {1 << 40, 1 << 40}} {
		path := filepath.Join(dir, name+".db")
		for i, content := range [][]byte{good.db, good.log} {
			f, err := vfs.OS.Open(path+[]string{"", "-log"}[i], vfs.ReadWrite|vfs.Create, 0o600)
			ok(t, err)
			_, err = f.WriteAt(content, 0)
			ok(t, err)
			if size[i] > 0 {
				if err := f.Truncate(size[i]); err != nil {
					t.Skip("this file system has no files of 1 TiB: ", err)
				}
			}
			ok(t, f.Close())
		}
		for _, o := range []engine.Options{{ReadOnly: true}, {}} {
			o.CacheSize = 1 << 20
			measured(t, "using a giant "+name, func(ctx context.Context) error {
				db, err := engine.Open(ctx, path, o)
				if err != nil {
					return err
				}
				for range db.Check(ctx) {
				}
				_, _, _ = db.Stats(), db.Structure(), db.CheckpointSize()
				_, err = db.Layout(ctx)
				return errors.Join(err, readEverything(t, ctx, db), db.Close())
			})
		}
	}
}
