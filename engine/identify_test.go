// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func identify(t *testing.T, fsys vfs.FS, path string) engine.FileInfo {
	t.Helper()
	info, err := engine.Identify(fsys, path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Path == "" || info.What == "" || (info.LSM1 != nil) != (info.Kind == engine.KindLSM1) {
		t.Errorf("%s: %+v", path, info)
	}
	return info
}

// TestIdentifyDatabase follows a database through its life.
func TestIdentifyDatabase(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: mem, PageSize: 1024, BlockSize: 64 << 10, Compression: "zstd"})
	ok(t, putRange(ctx, db, 0, 100, 1))
	killed := mem.Clone()
	ok(t, db.Close())

	open := identify(t, killed, "/x.lsm")
	if l := open.LSM1; l == nil || l.Closed || !l.LogCommits || l.LogPath != "/x.lsm-log" || l.LogBytes == 0 {
		t.Errorf("open, with a log: %+v", l)
	}
	if log := identify(t, killed, "/x.lsm-log"); log.Kind != engine.KindLSM1Log || log.Bytes != open.LSM1.LogBytes {
		t.Errorf("the log: %+v", log)
	}
	content, err := killed.ReadFile("/x.lsm-log")
	ok(t, err)
	ok(t, killed.WriteFile("/backup.bin", content))
	if log := identify(t, killed, "/backup.bin"); log.Kind != engine.KindLSM1Log {
		t.Errorf("the log by another name: %+v", log)
	}

	closed := identify(t, mem, "/x.lsm")
	want := engine.LSM1Info{
		Notes: true, Sealed: closed.LSM1.Sealed, PageSize: 1024, BlockSize: 64 << 10, Blocks: closed.LSM1.Blocks,
		CompressionID: 10003, Compression: "zstd", Checkpoint: closed.LSM1.Checkpoint, Meta: closed.LSM1.Meta,
		Levels: closed.LSM1.Levels, Segments: closed.LSM1.Segments, Closed: true,
	}
	if *closed.LSM1 != want || want.Sealed == 0 || want.Blocks == 0 || want.Levels == 0 || want.Segments < want.Levels ||
		want.Checkpoint == 0 || want.Meta != [2]engine.MetaPageInfo{{Checkpoint: want.Checkpoint, Note: true}, {Checkpoint: want.Checkpoint, Note: true}} ||
		closed.What != "an lsm1 database, written by lsmlite" {
		t.Errorf("closed: %q, %+v, want %+v", closed.What, *closed.LSM1, want)
	}

	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	data[100] ^= 1
	ok(t, mem.WriteFile("/x.lsm", data))
	if l := identify(t, mem, "/x.lsm").LSM1; !strings.HasPrefix(l.Damage, "meta page 1: ") || l.Meta[0].Checkpoint != 0 || l.Checkpoint != want.Checkpoint {
		t.Errorf("one meta page is damaged: %+v", l)
	}
	data[format.MetaPageSize+100] ^= 1
	ok(t, mem.WriteFile("/x.lsm", data))
	both := identify(t, mem, "/x.lsm")
	if l := both.LSM1; l == nil || l.Damage != "both meta pages are damaged" || l.Closed || l.Checkpoint != 0 {
		t.Errorf("both meta pages are damaged: %+v", l)
	}
	clear(data[format.NoteOffset:format.MetaSize])
	clear(data[format.MetaPageSize+format.NoteOffset : format.MetaPageSize+format.MetaSize])
	ok(t, mem.WriteFile("/x.lsm", data))
	if info := identify(t, mem, "/x.lsm"); info.Kind != engine.KindLSM1 {
		t.Errorf("both are, and there are no notes: %+v", info)
	}
}

// TestIdentifyMissingLog: a note says that there was a log with commits that the checkpoint does not have. Of the two
// notes of a checkpoint that of the copy counts: the other one says so, too, because the log was in use before.
func TestIdentifyMissingLog(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: mem, NoAutoWork: true})
	ok(t, putRange(ctx, db, 0, 100, 1))
	ok(t, flushAndCheckpoint(ctx, db))
	killed := mem.Clone()
	ok(t, killed.Remove("/x-log"))
	if l := identify(t, killed, "/x").LSM1; l.LogMissing || !l.Closed {
		t.Errorf("after the checkpoint: %+v", l)
	}
	ok(t, putRange(ctx, db, 100, 110, 1))
	killed = mem.Clone()
	ok(t, db.Close())
	ok(t, killed.Remove("/x-log"))
	if l := identify(t, killed, "/x").LSM1; !l.LogMissing || l.LogCommits || l.Closed || l.LogPath != "" {
		t.Errorf("%+v", l)
	}
}

// TestIdentifyGolden looks at files of C lsm1, and of lsmlite before it had seals.
func TestIdentifyGolden(t *testing.T) {
	found, logs := 0, 0
	for _, dir := range goldenDirs(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.db"))
		ok(t, err)
		for _, name := range names {
			info := identify(t, nil, name)
			if info.Kind == engine.KindEmpty && info.Bytes == 0 && strings.Contains(name, "empty") {
				continue
			}
			demo := strings.HasPrefix(filepath.Base(name), "demo") // one of their meta pages is half written
			if l := info.LSM1; l == nil || l.Sealed != 0 || (l.Damage != "") != demo || (l.Checkpoint == 0) == (l.PageSize > 0) {
				t.Errorf("%s: %+v, %+v", name, info, l)
				continue
			}
			if dir != oldSums && info.LSM1.Notes {
				t.Errorf("%s: %+v", name, info.LSM1)
			}
			found++
			if info.LSM1.LogPath == "" {
				continue
			}
			// A log that was used again from its beginning shows where that is by its records only.
			if log := identify(t, nil, info.LSM1.LogPath); info.LSM1.LogBytes > 0 && log.Kind != engine.KindLSM1Log {
				t.Errorf("%s: %+v", info.LSM1.LogPath, log)
			}
			logs++
		}
	}
	if found == 0 {
		t.Fatal("no golden files")
	}
	t.Logf("%d databases, %d logs", found, logs)
}

// TestIdentifyOthers looks at files and folders of other programs, made here.
func TestIdentifyOthers(t *testing.T) {
	bbolt := make([]byte, 32<<10)
	binary.LittleEndian.PutUint32(bbolt[16:], 0xED0CDAED)
	mdb := make([]byte, 8192)
	binary.LittleEndian.PutUint32(mdb[16:], 0xBEEFC0DE)
	mem := memfs.New()
	for name, content := range map[string]string{
		"/empty": "", "/zeros": strings.Repeat("\x00", 5000), "/noise": "\xfe\x81\x03", "/text": "hello\n",
		"/s.db":      "SQLite format 3\x00\x10\x00\x01\x01" + strings.Repeat("\x01", 9000),
		"/s.db-wal":  "\x37\x7f\x06\x82\x00\x2d\xe2\x18",
		"/b.db":      string(bbolt),
		"/t.sst":     strings.Repeat("\x00\x01", 300) + "\xf7\xcf\xf4\x85\xb7\x41\xe2\x88",
		"/a.gz":      "\x1f\x8b\x08\x00",
		"/lvl/LOCK":  "",
		"/rck/x.sst": "",
	} {
		ok(t, mem.WriteFile(name, []byte(content)))
	}
	for name, content := range map[string]string{
		"/lvl/CURRENT": "MANIFEST-000002\n", "/lvl/MANIFEST-000002": "x",
		"/rck/CURRENT": "MANIFEST-000005\n", "/rck/OPTIONS-000007": "[Version]\n  rocksdb_version=9.0.0\n",
		"/rk2/CURRENT": "MANIFEST-000005\n", "/rk2/IDENTITY": "3a7c",
		"/pbl/marker.manifest.000001.MANIFEST-000001": "", "/pbl/OPTIONS-000003": "[Version]\n  pebble_version=0.1\n",
		"/one/CURRENT": "MANIFEST-000005\n", "/one/OPTIONS-000007": "[Version]\n",
		"/bdg/MANIFEST": "Bdgr\x00\x00\x00\x08", "/bdg/000001.vlog": "",
		"/mdb/data.mdb": string(mdb), "/mdb/lock.mdb": "",
		"/wt/WiredTiger": "WiredTiger\nWiredTiger 11.2.0\n",
		"/dir/CURRENT":   "the current of a river\n",
		"/dir2/a/b":      "",
	} {
		ok(t, mem.WriteFile(name, []byte(content)))
	}
	for path, want := range map[string]engine.FileKind{
		"/empty": engine.KindEmpty, "/zeros": engine.KindEmpty, "/noise": engine.KindUnknown, "/text": engine.KindText,
		"/s.db": engine.KindSQLite, "/s.db-wal": engine.KindSQLiteWAL, "/b.db": engine.KindBbolt, "/t.sst": engine.KindLevelFile,
		"/a.gz": engine.KindGzip, "/lvl": engine.KindLevelDB, "/lvl/": engine.KindLevelDB, "/rck": engine.KindRocksDB, "/rk2": engine.KindRocksDB,
		"/pbl": engine.KindPebble, "/one": engine.KindLevelFile, "/bdg": engine.KindBadger, "/mdb": engine.KindLMDB, "/mdb/data.mdb": engine.KindLMDB,
		"/bdg/MANIFEST": engine.KindBadgerFile, "/wt": engine.KindWiredTiger, "/dir": engine.KindFolder, "/dir2": engine.KindFolder, "/": engine.KindFolder,
	} {
		info := identify(t, mem, path)
		stat, err := mem.Stat(path)
		ok(t, err)
		if info.Kind != want || info.Folder != stat.IsDir() || !info.Folder && info.Bytes != stat.Size() {
			t.Errorf("%s: %+v, want %s", path, info, want)
		}
		if info.Folder {
			_, err := engine.Open(context.Background(), path, engine.Options{FS: mem})
			if !errors.Is(err, engine.ErrCantOpen) || !strings.Contains(err.Error(), "this is "+info.What+"; an lsm1 database is a file") {
				t.Errorf("%s: Open returns %v", path, err)
			}
		}
	}
	if _, err := engine.Identify(mem, "/missing"); !errors.Is(err, engine.ErrCantOpen) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestIdentifyOnDisk does the same in the file system of the operating system.
func TestIdentifyOnDisk(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"CURRENT": "MANIFEST-000002\n", "OPTIONS-000003": "pebble_version=0.1\n", "x.gz": "\x1f\x8b\x08"} {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	if info := identify(t, nil, dir); info.Kind != engine.KindPebble || !info.Folder {
		t.Errorf("%+v", info)
	}
	if info := identify(t, nil, filepath.Join(dir, "x.gz")); info.Kind != engine.KindGzip || info.Folder || info.Bytes != 3 {
		t.Errorf("%+v", info)
	}
	if _, err := engine.Open(context.Background(), dir, engine.Options{}); err == nil || !strings.Contains(err.Error(), "the folder of a Pebble database") {
		t.Errorf("Open returns %v", err)
	}
}

// FuzzIdentify: whatever a file holds, Identify names a kind, and what it calls no database Open
// does not open, unless there is nothing in it.
func FuzzIdentify(f *testing.F) {
	for _, file := range fuzzFiles(f) {
		f.Add(file.db[:min(len(file.db), 20<<10)], file.log)
		f.Add(file.log, []byte{})
	}
	f.Add([]byte("SQLite format 3\x00"), []byte{})
	f.Add([]byte{}, []byte("\x02\x2dlsmlhead"))
	f.Fuzz(func(t *testing.T, db, log []byte) {
		mem := memfs.New()
		ok(t, mem.WriteFile("/x", db))
		if len(log) > 0 {
			ok(t, mem.WriteFile("/x-log", log))
		}
		info := identify(t, mem, "/x")
		if info.Kind == engine.KindLSM1 || info.Kind == engine.KindEmpty || len(db) <= 2*format.MetaPageSize {
			return // a few bytes may be what a crash left of a new database
		}
		half := len(bytes.Trim(db[:format.MetaSize], "\x00")) == 0 || len(bytes.Trim(db[format.MetaPageSize:][:format.MetaSize], "\x00")) == 0
		if d, err := engine.Open(context.Background(), "/x", engine.Options{FS: mem, ReadOnly: true, PageSize: 256, BlockSize: 64 << 10}); err == nil && !half {
			_ = d.Close()
			t.Errorf("%+v was opened", info)
		}
	})
}
