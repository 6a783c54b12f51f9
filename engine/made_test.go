// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestAFailedOpenLeavesNothing lets every operation of an Open fail, alone or together with all
// that follow but removals: the folder is as it was before, whether there was a database, or
// only its log, empty, or both.
func TestAFailedOpenLeavesNothing(t *testing.T) {
	ctx := context.Background()
	killed := memfs.New()
	db, err := engine.Open(ctx, "/dir/x", engine.Options{FS: killed})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 10, 1))
	killed = killed.Clone()
	ok(t, db.Close())
	const removes = faultfs.Remove
	for _, rule := range []faultfs.Rule{
		{On: faultfs.Any, Err: syscall.EIO},
		{On: faultfs.Write, Err: syscall.EIO, Part: 0.5},
		{On: faultfs.Any &^ (removes | faultfs.Stat | faultfs.Close), Err: syscall.EIO, Forever: true},
		{On: faultfs.Open | faultfs.Create | faultfs.SyncDir, Err: syscall.EMFILE, Forever: true},
		{On: faultfs.Write, Err: syscall.ENOSPC, Forever: true},
	} {
		for _, safety := range []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull} {
			for what, fresh := range map[string]func() *memfs.FS{
				"nothing":      memfs.New,
				"an empty log": func() *memfs.FS { return with(t, "/dir/x-log", nil) },
				"a database":   func() *memfs.FS { return with(t, "/dir/x", closedDB(t)) },
				"a killed one": killed.Clone,
			} {
				failed := 0
				_, err := faultfs.ForEachFault(rule, func() vfs.FS { return fresh() }, func(f *faultfs.FS) error {
					mem := f.Inner().(*memfs.FS)
					before := mem.Names()
					db, err := engine.Open(ctx, "/dir/x", engine.Options{FS: f, Safety: safety})
					if err == nil {
						_ = db.Close() // the fault may come now; that is not what is looked for
						return nil
					}
					failed++
					after := mem.Names()
					if what == "a killed one" && len(after) == 1 {
						after = append(after, "/dir/x-log") // what was in it is in the database by now
					}
					if !slices.Equal(before, after) {
						return fmt.Errorf("there are %v, before %v; Open: %w", after, before, err)
					}
					f.Clear()
					if db, err = engine.Open(ctx, "/dir/x", engine.Options{FS: f}); err != nil {
						return fmt.Errorf("afterwards: %w", err)
					}
					if rows := len(rowsOf(t, db)); what == "a killed one" && rows != 10 {
						return fmt.Errorf("afterwards there are %d rows", rows)
					}
					return db.Close()
				})
				if err != nil {
					t.Errorf("%v, safety %v, beside %s: %v", rule.On, safety, what, err)
				}
				if failed == 0 && (rule.On&faultfs.Write == 0 || what == "nothing") {
					t.Errorf("%v, safety %v, beside %s: Open has never failed", rule.On, safety, what)
				}
			}
		}
	}
}

// with returns a file system with one file.
func with(t *testing.T, name string, data []byte) *memfs.FS {
	mem := memfs.New()
	ok(t, mem.WriteFile(name, data))
	return mem
}

// TestALogNameThatIsTooLongLeavesNothing: the name of the database is just short enough.
func TestALogNameThatIsTooLongLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, long := range []int{251, 252, 253, 255, 256} {
		path := filepath.Join(dir, strings.Repeat("n", long))
		db, err := engine.Open(context.Background(), path, engine.Options{})
		if err == nil {
			ok(t, db.Close())
			ok(t, os.Remove(path))
		} else if !errors.Is(err, engine.ErrCantOpen) {
			t.Errorf("%d characters: %v", long, err)
		}
		expectListing(t, dir, nil)
	}
}

// TestAFailedOpenKeepsWhatOthersHave: a file that another handle has made first is not removed.
func TestAFailedOpenKeepsWhatOthersHave(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		db, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS})
		ok(t, err)
		before := p.names(t)
		if _, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS}); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("a second handle: %v", err)
		}
		if after := p.names(t); !slices.Equal(before, after) {
			t.Errorf("there are %v, before %v", after, before)
		}
		ok(t, putRange(ctx, db, 0, 10, 1))
		ok(t, db.Close())
	})
}
