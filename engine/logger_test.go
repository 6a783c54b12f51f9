// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestLogger compares what is logged, level by level.
func TestLogger(t *testing.T) {
	ctx := context.Background()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" {
				return slog.Attr{}
			}
			return a
		}}))
	mem := memfs.New()
	open := func(path string, o engine.Options) (*engine.DB, error) {
		o.FS, o.Logger, o.NoAutoWork, o.AutoCheckpoint = mem, logger, true, -1
		return engine.Open(ctx, path, o)
	}
	db, err := open("/x.lsm", engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 3, 10)
	tree := db.Stats().LiveBytes
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	putN(t, db, 3, 3, 10)
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Work(ctx, engine.WorkOptions{Merge: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open("/none.lsm", engine.Options{MustExist: true}); err == nil {
		t.Fatal("a file that does not exist was opened")
	}
	want := fmt.Sprintf(`
level=INFO msg="lsmlite: open" path=/x.lsm read_only=false recovered_commits=0 recovered_records=0 recovered_bytes=0
level=DEBUG msg="lsmlite: flush" path=/x.lsm inputs=0 input_pages=0 tree_bytes=%[1]d first_page=3 pages=1 bytes_written=4096
level=DEBUG msg="lsmlite: flush" path=/x.lsm inputs=0 input_pages=0 tree_bytes=%[1]d first_page=4 pages=1 bytes_written=4096
level=DEBUG msg="lsmlite: merge" path=/x.lsm inputs=2 input_pages=2 tree_bytes=0 first_page=5 pages=1 bytes_written=4096
level=DEBUG msg="lsmlite: checkpoint" path=/x.lsm id=13 bytes=12288
level=INFO msg="lsmlite: close" path=/x.lsm
level=ERROR msg="lsmlite: open failed" path=/none.lsm read_only=false error="`, tree)
	got := "\n" + out.String()
	if !strings.HasPrefix(got, want) {
		t.Errorf("logged:%s\nwant:%s", got, want)
	}
	if rest := strings.TrimPrefix(got, want); strings.Count(rest, "\n") != 1 {
		t.Errorf("more is logged:%s", rest)
	}
}

// TestLoggerAtWarn: what is worth a warning is one, and nothing else is made up for a
// logger that does not want it.
func TestLoggerAtWarn(t *testing.T) {
	ctx := context.Background()
	var out bytes.Buffer
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: 16 << 10, NoAutoWork: true,
		Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	putN(t, db, 0, 400, 100)
	putN(t, db, 1000, 400, 100)
	if out.Len() > 0 {
		t.Errorf("logged: %s", out.String())
	}
	if err := db.Set(func(o *engine.Options) { o.NoAutoWork = false }); err != nil {
		t.Fatal(err)
	}
	putN(t, db, 2000, 1, 100)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	want := `level=WARN msg="lsmlite: writer held back" path=/x.lsm reason=flush op=begin`
	if runtime.GOOS != "windows" { // where the clock stands still for so short a time
		want += " duration="
	}
	if got := out.String(); strings.Count(got, "level=") != 1 || !strings.Contains(got, want) {
		t.Errorf("logged: %s", got)
	}
}

// TestLoggerOfTrouble: what goes wrong is logged with the file, and the reason.
func TestLoggerOfTrouble(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	lost := errors.New("no such disk")
	mem := memfs.New()
	ffs := faultfs.Wrap(mem)
	db := mustOpen(t, "/x.lsm", engine.Options{FS: ffs, Logger: logger, Safety: engine.SafetyFull})
	ok(t, putRow(db, "key", "value"))
	ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: lost})
	if err := putRow(db, "another", "value"); !errors.Is(err, lost) {
		t.Fatalf("the sync has not failed: %v", err)
	}
	_ = db.Close() // it cannot write any more
	if got := out.String(); !strings.Contains(got, `level=ERROR msg="lsmlite: nothing more is written`) ||
		!strings.Contains(got, "path=/x.lsm") || !strings.Contains(got, lost.Error()) {
		t.Errorf("after a sync has failed: %s", got)
	}

	out.Reset()
	ok(t, mem.Rename("/x.lsm", "/moved.lsm"))
	moved := mustOpen(t, "/moved.lsm", engine.Options{FS: mem, Logger: logger})
	ok(t, moved.Close())
	if got := out.String(); !strings.Contains(got, `level=WARN msg="lsmlite: recovery" path=/moved.lsm kind=`) {
		t.Errorf("with a log of another name: %s", got)
	}
}
