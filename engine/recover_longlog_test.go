// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestRecoverOfALogLongerThanMemory rescues databases whose rows are in the log alone, more than the memory for it
// takes, so that a part of them goes through files of its own. In the folder no row of an encrypted database can be
// read then, and nothing of these files is left.
func TestRecoverOfALogLongerThanMemory(t *testing.T) {
	ctx := context.Background()
	secret := []byte("nobody else may read this")
	for name, o := range map[string]engine.Options{
		"plain": {}, "compressed": {Compression: "zstd"}, "encrypted": {Key: key1}, "encrypted and compressed": {Key: key1, Compression: "lz4"},
	} {
		mem := memfs.New()
		o.FS, o.AutoFlush, o.AutoCheckpoint, o.NoAutoWork = mem, 64<<20, -1, true
		db := mustOpen(t, "/x", o)
		want := make(map[string]string)
		for i := range 2000 {
			k := fmt.Sprintf("key %05d", i*7919%2000)
			v := fmt.Sprintf("%d %s ", i, bytes.Repeat(secret, 40))
			ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(k), []byte(v)) }))
			want[k] = v
		}
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange([]byte("key 01000"), []byte("key 01100")) }))
		for i := 1001; i < 1100; i++ {
			delete(want, fmt.Sprintf("key %05d", i))
		}
		killed := mem.Clone()
		ok(t, db.Close())
		watched := &watchedFS{FS: killed, text: secret}
		report, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: watched, Key: o.Key, Memory: engine.MinRecoverMemory})
		ok(t, err)
		if watched.temps < 4 {
			t.Errorf("%s: %d files for the time being", name, watched.temps)
		}
		if (watched.clear > 0) != (o.Key == nil) {
			t.Errorf("%s: %d writes had the text of a value", name, watched.clear)
		}
		if names := killed.Names(); len(names) != 3 {
			t.Errorf("%s: the files are %q", name, names)
		}
		db = mustOpen(t, "/y", engine.Options{FS: killed, Key: o.Key, ReadOnly: true})
		got := readAll(t, db)
		ok(t, db.Close())
		if len(got) != len(want) || report.Rows != int64(len(want)) {
			t.Errorf("%s: %d rows, the report has %d, want %d", name, len(got), report.Rows, len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("%s: %s is %.20q, want %.20q", name, k, got[k], v)
			}
		}
	}
}

// watchedFS counts the files that are made, and the writes with a text in them.
type watchedFS struct {
	vfs.FS
	text         []byte
	temps, clear int
}

func (w *watchedFS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := w.FS.Open(name, flag, perm)
	if err == nil && flag&vfs.Create != 0 {
		w.temps++
		f = &watchedFile{f, w}
	}
	return f, err
}

type watchedFile struct {
	vfs.File
	fs *watchedFS
}

func (f *watchedFile) WriteAt(p []byte, off int64) (int, error) {
	if bytes.Contains(p, f.fs.text) {
		f.fs.clear++
	}
	return f.File.WriteAt(p, off)
}
