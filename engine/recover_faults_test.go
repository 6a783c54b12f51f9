// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// damagedFile makes a database of 3,000 rows in which a page is damaged, and returns its rows.
func damagedFile(t *testing.T) (*memfs.FS, []string) {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	o := smallSizes
	o.FS = mem
	db, err := engine.Open(ctx, "/x.lsm", o)
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 3000, 1))
	rows := rowsOf(t, db)
	ok(t, db.Close())
	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	clear(data[70_000:70_100])
	ok(t, mem.WriteFile("/x.lsm", data))
	return mem, rows
}

// TestRecoverRefuses: what must not be is refused, and leaves no file.
func TestRecoverRefuses(t *testing.T) {
	ctx := context.Background()
	mem, _ := damagedFile(t)
	ok(t, mem.WriteFile("/taken.lsm", []byte("something")))
	ok(t, mem.WriteFile("/text", bytes.Repeat([]byte("This is no database. "), 2000)))
	ok(t, mem.WriteFile("/orphan.lsm-log", []byte("a log")))
	open := mustOpen(t, "/open.lsm", engine.Options{FS: mem})
	defer open.Close()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	before := mem.Names()
	for _, c := range []struct {
		ctx      context.Context
		from, to string
		o        engine.RecoverOptions
		want     error
	}{
		{ctx, "/x.lsm", "/taken.lsm", engine.RecoverOptions{}, fs.ErrExist},
		{ctx, "/x.lsm", "/x.lsm", engine.RecoverOptions{Replace: true}, engine.ErrMisuse},
		{ctx, "/x.lsm", "/x.lsm-log", engine.RecoverOptions{Replace: true}, engine.ErrMisuse},
		{ctx, "/x.lsm", "/orphan.lsm-log", engine.RecoverOptions{Replace: true, Log: "/orphan.lsm-log"}, engine.ErrMisuse},
		{ctx, "/x.lsm", "/open.lsm", engine.RecoverOptions{Replace: true}, engine.ErrBusy},
		{ctx, "/x.lsm", "/orphan.lsm", engine.RecoverOptions{}, engine.ErrCantOpen},
		{ctx, "/open.lsm", "/new.lsm", engine.RecoverOptions{}, engine.ErrBusy},
		{ctx, "/missing.lsm", "/new.lsm", engine.RecoverOptions{}, engine.ErrCantOpen},
		{ctx, "/text", "/new.lsm", engine.RecoverOptions{}, engine.ErrCorrupt},
		{ctx, "/x.lsm", "/new.lsm", engine.RecoverOptions{PageSize: 100}, engine.ErrMisuse},
		{ctx, "/x.lsm", "/new.lsm", engine.RecoverOptions{Memory: 5}, engine.ErrMisuse},
		{ctx, "/x.lsm", "/new.lsm", engine.RecoverOptions{Compression: "none such"}, engine.ErrMisuse},
		{cancelled, "/x.lsm", "/new.lsm", engine.RecoverOptions{}, context.Canceled},
	} {
		c.o.FS = mem
		if _, err := engine.Recover(c.ctx, c.from, c.to, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s to %s: %v, want %v", c.from, c.to, err, c.want)
		}
	}
	if after := mem.Names(); !slices.Equal(before, after) {
		t.Errorf("files %q, before %q", after, before)
	}
}

// TestRecoverUnreadable: what the disk cannot read is like damage.
func TestRecoverUnreadable(t *testing.T) {
	mem, rows := damagedFile(t)
	bad := faultfs.Wrap(mem)
	bad.Add(faultfs.Rule{On: faultfs.Read, Suffix: "/x.lsm", Forever: true, Err: syscall.EIO,
		Match: func(op faultfs.Op) bool { return op.Off < 40_000 && op.Off+op.Len > 36_000 }})
	report, err := engine.Recover(context.Background(), "/x.lsm", "/new.lsm", engine.RecoverOptions{FS: bad})
	ok(t, err)
	if report.Unreadable == 0 || report.PagesLost < 8 || report.Complete() || report.NumLost < 2 || len(report.Lost) < 2 {
		t.Errorf("report: %s", brief(&report))
	}
	if report.Rows < 2500 || report.Rows >= int64(len(rows)) {
		t.Errorf("%d of %d rows came back", report.Rows, len(rows))
	}
	db := mustOpen(t, "/new.lsm", engine.Options{FS: mem, ReadOnly: true})
	defer db.Close()
	for _, row := range rowsOf(t, db) {
		if !slices.Contains(rows, row) {
			t.Fatalf("row %q is invented", row)
		}
	}
	expectSound(t, db)
}

// TestRecoverFailingDisk: a part of a long row cannot be read any more when the row is written, after all of it was
// there. The other rows come back.
func TestRecoverFailingDisk(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem})
	const rows = 20
	ok(t, db.Update(ctx, func(tx *engine.Tx) error {
		for i := range rows {
			ok(t, tx.Put(appendKey(nil, i), bytes.Repeat([]byte{byte('a' + i)}, 200_000)))
		}
		return nil
	}))
	ok(t, db.Close())
	failed := 0
	for n := range 16 {
		good, scan := n/2, n%2 == 1
		bad, reads := faultfs.Wrap(mem), 0
		bad.Add(faultfs.Rule{On: faultfs.Read, Suffix: "/x.lsm", Forever: true, Err: syscall.EIO, Match: func(op faultfs.Op) bool {
			if op.Off > 900_000 || op.Off+op.Len <= 900_000 {
				return false
			}
			reads++
			return reads > good
		}})
		to := fmt.Sprintf("/new-%d.lsm", n)
		report, err := engine.Recover(ctx, "/x.lsm", to, engine.RecoverOptions{FS: bad, Scan: scan})
		ok(t, err)
		lost := rows - int(report.Rows)
		if failed += lost; lost > 1 || lost == 1 && (report.Complete() || report.Unreadable == 0) {
			t.Errorf("fails after %d reads: %s", good, brief(&report))
		}
		copied := mustOpen(t, to, engine.Options{FS: mem, ReadOnly: true})
		expectSound(t, copied)
		ok(t, copied.Close())
	}
	if failed < 3 {
		t.Errorf("a row was lost %d times", failed)
	}
}

// TestRecoverFaults lets each operation on the new file fail, as on a full disk: there is an error and no new file, or
// the whole one.
func TestRecoverFaults(t *testing.T) {
	ctx := context.Background()
	mem, _ := damagedFile(t)
	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	fresh := func() vfs.FS {
		mem := memfs.New()
		ok(t, mem.WriteFile("/x.lsm", data))
		return mem
	}
	rule := faultfs.Rule{On: faultfs.Mutating, Err: syscall.ENOSPC, Part: 0.5}
	n, err := faultfs.ForEachFault(rule, fresh, func(f *faultfs.FS) error {
		_, err := engine.Recover(ctx, "/x.lsm", "/new.lsm", engine.RecoverOptions{FS: f})
		mem := f.Inner().(*memfs.FS)
		names := strings.Join(mem.Names(), " ")
		switch now, readErr := mem.ReadFile("/x.lsm"); {
		case readErr != nil || !bytes.Equal(now, data):
			return fmt.Errorf("the damaged file was changed: %v", readErr)
		case err != nil && names == "/x.lsm":
			return nil
		case names != "/new.lsm /x.lsm":
			return fmt.Errorf("error %v, files %s", err, names)
		}
		db, err := engine.Open(ctx, "/new.lsm", engine.Options{FS: mem, ReadOnly: true})
		if err != nil {
			return err
		}
		return db.Close()
	})
	ok(t, err)
	if n < 5 {
		t.Errorf("only %d faults", n)
	}
}

// TestRecoverCancel: the end of the context ends a rescue at any time, and leaves no file.
func TestRecoverCancel(t *testing.T) {
	mem, _ := damagedFile(t)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := engine.Recover(ctx, "/x.lsm", "/new.lsm", engine.RecoverOptions{FS: mem, Scan: true,
		Progress: func(engine.RecoverProgress) { calls++; cancel() }})
	if !errors.Is(err, context.Canceled) || calls == 0 {
		t.Errorf("error %v after %d calls", err, calls)
	}
	if names := mem.Names(); len(names) != 1 {
		t.Errorf("files %q", names)
	}
}

// TestRecoverMemory: a log that is larger than the memory it may take is rescued within that bound.
func TestRecoverMemory(t *testing.T) {
	notUnderRace(t)
	ctx := context.Background()
	mem := memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, AutoFlush: engine.MaxAutoFlush, NoAutoWork: true, MaxLog: 1 << 30})
	want := make(map[string]string)
	for i := range 300 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for j := range 100 {
				k, v := fmt.Sprintf("key %07d", (i*7919+j*104729)%20_000), fmt.Sprintf("%d/%d%s", i, j, strings.Repeat("v", 300))
				want[k] = v
				if err := tx.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	log, err := mem.ReadFile("/x.lsm-log")
	ok(t, err)
	ok(t, db.Close())
	if len(log) < 8*engine.MinRecoverMemory {
		t.Fatalf("the log has only %d bytes", len(log))
	}
	dir, err := vfs.OS.Canonical(t.TempDir())
	ok(t, err)
	mem = memfs.New()
	ok(t, mem.WriteFile("/x.lsm", data))
	ok(t, mem.WriteFile("/x.lsm-log", log))
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak, reports := m.HeapAlloc, uint64(0), 0
	report, err := engine.Recover(ctx, "/x.lsm", dir+"/new.lsm", engine.RecoverOptions{FS: mem, TargetFS: vfs.OS,
		Memory: engine.MinRecoverMemory, Progress: func(p engine.RecoverProgress) {
			if p.Rows < 0 || p.Bytes > p.Total {
				t.Errorf("progress %+v", p)
			}
			reports++
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}})
	ok(t, err)
	if used := int64(peak) - int64(before); used > 5*engine.MinRecoverMemory || reports < 5 {
		t.Errorf("%d bytes of memory for a bound of %d, %d reports", used, engine.MinRecoverMemory, reports)
	}
	if len(report.Sources) < 5 {
		t.Errorf("all of the log was held in memory: %s", brief(&report))
	}
	if report.Rows != int64(len(want)) {
		t.Errorf("%d rows, want %d; %s", report.Rows, len(want), brief(&report))
	}
	db = mustOpen(t, dir+"/new.lsm", engine.Options{ReadOnly: true})
	defer db.Close()
	for k, v := range readAll(t, db) {
		if want[k] != v {
			t.Fatalf("row %q has another value", k)
		}
	}
	expectSound(t, db)
}
