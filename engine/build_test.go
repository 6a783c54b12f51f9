// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestBuilder builds files of several sizes of pages and codecs, opens them, checks them, writes
// to them, and compares the rows.
func TestBuilder(t *testing.T) {
	ctx := context.Background()
	for _, o := range []engine.Options{
		{}, {PageSize: 512, BlockSize: 64 << 10}, {Compression: "lz4"}, {PageSize: 16 << 10, Compression: "zstd"},
	} {
		for _, n := range []int{0, 1, 5000} {
			t.Run(fmt.Sprintf("page=%d,codec=%s,rows=%d", o.PageSize, o.Compression, n), func(t *testing.T) {
				o.FS = memfs.New()
				b, err := engine.NewBuilder("/new.lsm", o)
				ok(t, err)
				defer b.Discard()
				rnd := rand.New(rand.NewPCG(1, uint64(n)))
				var want []string
				for i := range n {
					key, value := appendKey(nil, i), bytes.Repeat([]byte{byte(i)}, rnd.IntN(300))
					if i == n/2 {
						value = bytes.Repeat([]byte("long"), 50_000)
					}
					ok(t, b.Add(key, value))
					want = append(want, string(key)+"="+string(value))
				}
				if b.Rows() != int64(n) {
					t.Errorf("%d rows, want %d", b.Rows(), n)
				}
				taken := b.Bytes()
				ok(t, b.Finish(ctx))
				// The last block is cut, and the first has two meta pages.
				if data, err := o.FS.(*memfs.FS).ReadFile("/new.lsm"); err != nil || taken > int64(len(data)) || n > 1 && taken == 0 {
					t.Errorf("%d bytes were taken of a file of %d: %v", taken, len(data), err)
				}
				db := mustOpen(t, "/new.lsm", o)
				defer db.Close()
				if got := rowsOf(t, db); !slices.Equal(got, want) {
					t.Fatalf("%d rows, want %d, or they differ", len(got), len(want))
				}
				if levels := db.Structure(); len(levels) != min(n, 1) {
					t.Errorf("%d levels of %d rows", len(levels), n)
				}
				ok(t, putRange(ctx, db, 0, 100, 1))
				ok(t, db.Flush(ctx))
				expectSound(t, db)
			})
		}
	}
}

// TestBuilderRefuses: a key out of order and one that is too long are left out, and others follow.
func TestBuilderRefuses(t *testing.T) {
	mem := memfs.New()
	b, err := engine.NewBuilder("/new.lsm", engine.Options{FS: mem})
	ok(t, err)
	ok(t, b.Add([]byte("b"), nil))
	for _, c := range []struct {
		key  []byte
		want error
	}{{[]byte("a"), engine.ErrMisuse}, {[]byte("b"), engine.ErrMisuse}, {make([]byte, engine.MaxKeySize+1), engine.ErrTooBig}} {
		if err := b.Add(c.key, nil); !errors.Is(err, c.want) {
			t.Errorf("a key of %d bytes: %v, want %v", len(c.key), err, c.want)
		}
	}
	ok(t, b.Add([]byte("c"), []byte("1")))
	ok(t, b.Finish(context.Background()))
	for name, err := range map[string]error{"add": b.Add([]byte("d"), nil), "finish": b.Finish(context.Background())} {
		if !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	db := mustOpen(t, "/new.lsm", engine.Options{FS: mem})
	defer db.Close()
	if got := rowsOf(t, db); !slices.Equal(got, []string{"b=", "c=1"}) {
		t.Errorf("rows %q", got)
	}
	if _, err := engine.NewBuilder("/new.lsm", engine.Options{FS: mem}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
}

// TestBuilderLeavesNothing: a builder that is discarded, whose context ends or whose writes fail
// leaves no file.
func TestBuilderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, end := range map[string]func(*engine.Builder) error{
		"discard": func(b *engine.Builder) error { b.Discard(); return errors.ErrUnsupported },
		"context": func(b *engine.Builder) error { return b.Finish(ended) },
	} {
		b, err := engine.NewBuilder(filepath.Join(dir, "new.lsm"), engine.Options{})
		ok(t, err)
		ok(t, b.Add([]byte("a"), make([]byte, 3<<20)))
		if end(b) == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
			t.Errorf("%s leaves %q", name, left)
		}
	}
}

// TestBuilderFaults fails each operation of a build in turn, and then the power: under the name
// there is nothing, or the whole file.
func TestBuilderFaults(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	runs, err := faultfs.ForEachFault(faultfs.Rule{Err: syscall.EIO}, func() vfs.FS { return memfs.New() }, func(f *faultfs.FS) error {
		err := buildSmall(f)
		f.Clear()
		mem := f.Inner().(*memfs.FS)
		for _, left := range []*memfs.FS{mem, mem.Crash(rng, memfs.CrashRandom)} {
			if _, missing := left.ReadFile("/new.lsm"); errors.Is(missing, fs.ErrNotExist) && err != nil {
				continue
			}
			db, openErr := engine.Open(context.Background(), "/new.lsm", engine.Options{FS: left, ReadOnly: true})
			if openErr != nil {
				return fmt.Errorf("after %v: %w", err, openErr)
			}
			rows := rowsOf(t, db)
			expectSound(t, db)
			ok(t, db.Close())
			if len(rows) != smallBuild {
				return fmt.Errorf("after %v: %d rows", err, len(rows))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if runs < 8 {
		t.Errorf("only %d operations could fail", runs)
	}
}

const smallBuild = 3000

func buildSmall(f vfs.FS) error {
	b, err := engine.NewBuilder("/new.lsm", engine.Options{FS: f, PageSize: 512, BlockSize: 64 << 10})
	if err != nil {
		return err
	}
	defer b.Discard()
	for i := range smallBuild {
		if err := b.Add(appendKey(nil, i), make([]byte, 60)); err != nil {
			return err
		}
	}
	return b.Finish(context.Background())
}
