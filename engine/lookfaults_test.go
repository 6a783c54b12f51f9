// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// looked is a database that was killed while its log had transactions, with files of other kinds next to it.
func looked(t *testing.T, o engine.Options) *memfs.FS {
	t.Helper()
	ctx, mem := context.Background(), memfs.New()
	o.FS = mem
	db := mustOpen(t, "/x.lsm", o)
	ok(t, putRange(ctx, db, 0, 40, 1))
	_, err := db.Checkpoint(ctx)
	ok(t, err)
	ok(t, putRange(ctx, db, 40, 80, 1))
	killed := mem.Clone()
	ok(t, db.Close())
	ok(t, killed.WriteFile("/other", []byte("SQLite format 3\x00 and more of it")))
	ok(t, killed.WriteFile("/zeros", make([]byte, 8192)))
	return killed
}

// TestIdentifyFails fails each call of Identify: it says so, or it is right.
func TestIdentifyFails(t *testing.T) {
	mem := looked(t, engine.Options{})
	for _, path := range []string{"/x.lsm", "/x.lsm-log", "/other", "/zeros"} {
		want := identify(t, mem, path)
		for _, cause := range []error{syscall.EIO, fs.ErrPermission} {
			n, err := faultfs.ForEachFault(faultfs.Rule{On: faultfs.Open | faultfs.Stat | faultfs.Read, Err: cause},
				func() vfs.FS { return mem.Clone() }, func(f *faultfs.FS) error {
					info, err := engine.Identify(f, path)
					switch {
					case err != nil && !errors.Is(err, cause):
						return err
					case err == nil && info.Kind != want.Kind && info.Kind != engine.KindUnknown:
						return fmt.Errorf("%s is %q, want %q", path, info.What, want.What)
					case err != nil && !errors.Is(err, engine.ErrCantOpen) && !errors.Is(err, engine.ErrIO):
						return fmt.Errorf("the error has no code: %w", err)
					}
					return nil
				})
			if err != nil || n < 3 {
				t.Errorf("%s, %v: %d calls failed: %v", path, cause, n, err)
			}
		}
	}
}

// TestReadLogFails fails each call of ReadLog: it says so, or shows all there is.
func TestReadLogFails(t *testing.T) {
	for name, o := range map[string]engine.Options{"plain": {}, "encrypted": {Key: key1}} {
		mem := looked(t, o)
		want, end, _ := readLog(t, "/x.lsm", engine.ReadLogOptions{FS: mem, Key: o.Key})
		if len(want) < 40 {
			t.Fatalf("%s: the log has %d operations", name, len(want))
		}
		n, err := faultfs.ForEachFault(faultfs.Rule{On: faultfs.Open | faultfs.Stat | faultfs.Read, Err: syscall.EIO},
			func() vfs.FS { return mem.Clone() }, func(f *faultfs.FS) error {
				ops, last := 0, engine.LogRecord{}
				for r, err := range engine.ReadLog(context.Background(), "/x.lsm", engine.ReadLogOptions{FS: f, Key: o.Key}) {
					if err != nil && !errors.Is(err, syscall.EIO) {
						return err
					}
					if err != nil {
						return nil
					}
					if last = r; r.Kind == engine.LogWrite {
						ops++
					}
				}
				if ops != len(want) || last.End == nil || last.End.Why != end.End.Why {
					return fmt.Errorf("without an error there are %d operations of %d, and the end %+v", ops, len(want), last.End)
				}
				return nil
			})
		if err != nil || n < 6 {
			t.Errorf("%s: %d calls failed: %v", name, n, err)
		}
	}
}

// TestReadLogEndsWhenToldTo stops after each record, and by the context.
func TestReadLogEndsWhenToldTo(t *testing.T) {
	mem := looked(t, engine.Options{})
	ops, _, _ := readLog(t, "/x.lsm", engine.ReadLogOptions{FS: mem})
	seen := 0
	for range engine.ReadLog(context.Background(), "/x.lsm", engine.ReadLogOptions{FS: mem}) {
		if seen++; seen == len(ops)/2 {
			break
		}
	}
	if seen != len(ops)/2 {
		t.Errorf("%d records, want %d", seen, len(ops)/2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	seen = 0
	for _, err := range engine.ReadLog(ctx, "/x.lsm", engine.ReadLogOptions{FS: mem}) {
		seen++
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) || seen > 2 {
		t.Errorf("%d records, then %v", seen, last)
	}
}

// TestCheckReportsWhatItCannotRead fails each read of Check: it reports that.
func TestCheckReportsWhatItCannotRead(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, PageSize: 1024, BlockSize: 64 << 10, AutoCheckpoint: -1})
	for i := range 3 {
		ok(t, putRange(ctx, db, 0, 200, i))
		ok(t, db.Flush(ctx))
	}
	_, err := db.Checkpoint(ctx)
	ok(t, err)
	ok(t, db.Close())
	opened, run, calls := false, 0, 0
	match := func(faultfs.Op) bool {
		if opened {
			calls++
		}
		return opened
	}
	fresh := func() vfs.FS {
		opened, calls = false, 0
		run++
		return mem.Clone()
	}
	n, err := faultfs.ForEachFault(faultfs.Rule{On: faultfs.Read, Err: syscall.EIO, Suffix: ".lsm", Match: match}, fresh, func(f *faultfs.FS) error {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: f, ReadOnly: true})
		if err != nil {
			return err
		}
		opened = true
		var found []string
		for p := range db.Check(ctx) {
			found = append(found, p.Detail)
		}
		opened = false
		if err := db.Close(); err != nil {
			return err
		}
		if text := strings.Join(found, "; "); strings.Contains(text, syscall.EIO.Error()) != (calls >= run) {
			return fmt.Errorf("%d reads of which number %d is to fail, it reports %q", calls, run, text)
		}
		return nil
	})
	if err != nil || n < 6 {
		t.Errorf("%d calls failed: %v", n, err)
	}
}

// TestValuesOfKindsHaveNames keeps what is printed of them.
func TestValuesOfKindsHaveNames(t *testing.T) {
	var got []string
	for k := range engine.OpKind(5) {
		got = append(got, k.String())
	}
	if want := []string{"unknown operation", "put", "delete", "delete range", "unknown operation"}; !slices.Equal(got, want) {
		t.Errorf("the kinds of operations are %q", got)
	}
}
