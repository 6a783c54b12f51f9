// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// TestBackupsOfEncryptedDatabases copies in clear, under the same key and under another one, rows and blocks, to files
// and streams, and opens each copy with every key.
func TestBackupsOfEncryptedDatabases(t *testing.T) {
	ctx := context.Background()
	for _, updates := range []int{0, 700} {
		for _, source := range []keys.Source{nil, key1} {
			fs := memfs.New()
			db := mustOpen(t, "/x", engine.Options{FS: fs, Key: source, PageSize: 512, BlockSize: 64 << 10})
			for n := range updates {
				key, value := wordRow(seeded(n), n)
				ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(key, value) }))
			}
			want := contentOf(t, db)
			stream := func(copy func(w *bytes.Buffer) error) func(to string) error {
				return func(to string) error {
					var b bytes.Buffer
					if err := copy(&b); err != nil {
						return err
					}
					return fs.WriteFile(to, b.Bytes())
				}
			}
			type made struct {
				name string
				to   keys.Source // with which it is opened
				make func(to string) error
			}
			copies := []made{
				{"blocks", source, func(to string) error { return db.CopyCheckpoint(ctx, to, engine.BackupOptions{}) }},
				{"blocks to a stream", source, stream(func(b *bytes.Buffer) error { return db.CopyCheckpointTo(ctx, b, engine.BackupOptions{}) })},
			}
			for _, to := range []keys.Source{nil, keys.None, key1, key2} {
				o := engine.BackupOptions{Key: to, PageSize: 1024}
				opens := to
				if to == nil {
					opens = source
				}
				copies = append(copies,
					made{fmt.Sprint("rows, ", to), opens, func(path string) error { return db.Backup(ctx, path, o) }},
					made{fmt.Sprint("rows to a stream, ", to), opens, stream(func(b *bytes.Buffer) error { return db.BackupTo(ctx, b, o) })})
			}
			for i, c := range copies {
				path := fmt.Sprintf("/copy%d", i)
				if err := c.make(path); err != nil {
					t.Fatalf("%v, %s: %v", source, c.name, err)
				}
				for _, key := range []keys.Source{nil, key1, key2} {
					right := key == c.to || key == nil && c.to == keys.None
					db, err := engine.Open(ctx, path, engine.Options{FS: fs, Key: key, ReadOnly: true})
					if right != (err == nil) || err != nil && !errors.Is(err, engine.ErrMismatch) {
						t.Fatalf("%v, %s, opened with %v: %v", source, c.name, key, err)
					}
					if err != nil {
						continue
					}
					if contentOf(t, db) != want {
						t.Errorf("%v, %s: other rows", source, c.name)
					}
					for p := range db.Check(ctx) {
						t.Errorf("%v, %s: %v", source, c.name, p)
					}
					ok(t, db.Close())
				}
				file, err := fs.ReadFile(path)
				ok(t, err)
				sealed := c.to != nil && c.to != keys.None
				for _, w := range words {
					if sealed && bytes.Contains(file, []byte(w)) {
						t.Errorf("%v, %s: %q is in the file", source, c.name, w)
					}
				}
				if sealed && updates > 0 && c.to == key1 {
					d, err := secondreader.Read(file, nil, secondreader.Key{Raw: bytes.Repeat([]byte{1}, keys.Size)})
					if err != nil || len(d.Rows) == 0 {
						t.Errorf("%v, %s, read a second time: %v", source, c.name, err)
					}
				}
				// A copy is a database of its own.
				copied := mustOpen(t, path, engine.Options{FS: fs, Key: c.to})
				if was := db.State(); sealed && (copied.State().Commits != was.Commits || copied.State().Chain == was.Chain) {
					t.Errorf("%v, %s: the state is %v, that of the database is %v", source, c.name, copied.State(), was)
				}
				ok(t, copied.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("new"), []byte("row")) }))
				ok(t, copied.Close())
			}
			if err := db.CopyCheckpoint(ctx, "/other", engine.BackupOptions{Key: key2}); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("blocks under another key: %v", err)
			}
			ok(t, db.Close())
		}
	}
}

// TestBackupsWithAnotherCipher: a copy with a key of its own has the cipher that is set, or that of the database. One
// with the keys of the database cannot have another one, and one in clear has none.
func TestBackupsWithAnotherCipher(t *testing.T) {
	const aes, chacha = "aes-256-gcm", "chacha20-poly1305"
	ctx := context.Background()
	for _, source := range []engine.Options{{}, {Key: key1, Cipher: aes}, {Key: key1, Cipher: chacha}} {
		fs := memfs.New()
		source.FS = fs
		db := mustOpen(t, "/x", source)
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("over"), []byte("the rainbow")) }))
		own := source.Cipher
		for i, c := range []struct {
			o    engine.BackupOptions
			want string // the cipher of the copy; "no" if there is none
		}{
			{engine.BackupOptions{}, own},
			{engine.BackupOptions{Cipher: own}, own},
			{engine.BackupOptions{Key: key2}, cmp.Or(own, defaultCipher(t))},
			{engine.BackupOptions{Key: key2, Cipher: aes}, aes},
			{engine.BackupOptions{Key: key2, Cipher: chacha}, chacha},
			{engine.BackupOptions{Key: key1, Cipher: chacha}, chacha},
			{engine.BackupOptions{Cipher: other(own, aes, chacha)}, "no"},
			{engine.BackupOptions{Key: keys.None, Cipher: aes}, "no"},
			{engine.BackupOptions{Key: key2, Cipher: "rot13"}, "no"},
			{engine.BackupOptions{Cipher: "rot13"}, "no"},
			{engine.BackupOptions{Key: keys.None, Cipher: "rot13"}, "no"},
		} {
			path := fmt.Sprintf("/copy%d", i)
			var stream bytes.Buffer
			streamed := db.BackupTo(ctx, &stream, c.o)
			err := db.Backup(ctx, path, c.o)
			if c.want == "no" {
				if !errors.Is(err, engine.ErrMisuse) || !errors.Is(streamed, engine.ErrMisuse) || stream.Len() > 0 {
					t.Errorf("%q, %+v: %v, %v", own, c.o, err, streamed)
				}
				if _, err := fs.ReadFile(path); err == nil {
					t.Errorf("%q, %+v: there is a file", own, c.o)
				}
				continue
			}
			ok(t, err)
			ok(t, streamed)
			ok(t, fs.WriteFile(path+"s", stream.Bytes()))
			key := c.o.Key
			if key == nil {
				key = source.Key
			}
			for _, path := range []string{path, path + "s"} {
				copied := mustOpen(t, path, engine.Options{FS: fs, Key: key, ReadOnly: true})
				if got := copied.Encryption().Cipher; got != c.want || contentOf(t, copied) != contentOf(t, db) {
					t.Errorf("%q, %+v: the copy has %q, want %q", own, c.o, got, c.want)
				}
				for p := range copied.Check(ctx) {
					t.Errorf("%q, %+v: %v", own, c.o, p)
				}
				ok(t, copied.Close())
			}
		}
		ok(t, db.CopyCheckpoint(ctx, "/blocks", engine.BackupOptions{Cipher: own}))
		if err := db.CopyCheckpoint(ctx, "/others", engine.BackupOptions{Cipher: other(own, aes, chacha)}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("%q, blocks: %v", own, err)
		}
		ok(t, db.Close())
	}
}

// other returns the one of two that is not own.
func other(own, a, b string) string {
	if own == a {
		return b
	}
	return a
}

// defaultCipher is that of a new database for which none is set.
func defaultCipher(t *testing.T) string {
	db := mustOpen(t, "/default", engine.Options{FS: memfs.New(), Key: key1})
	defer db.Close()
	return db.Encryption().Cipher
}

// TestBuilderEncrypted builds a file under a key.
func TestBuilderEncrypted(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	o := engine.Options{FS: fs, Key: key1, Compression: "zstd", PageSize: 1024, BlockSize: 64 << 10}
	b, err := engine.NewBuilder("/x", o)
	ok(t, err)
	for n := range 2000 {
		ok(t, b.Add(fmt.Appendf(nil, "%08d", n), []byte(words[n%len(words)])))
	}
	ok(t, b.Finish(ctx))
	db := mustOpen(t, "/x", o)
	if rows := rowsOf(t, db); len(rows) != 2000 {
		t.Errorf("%d rows", len(rows))
	}
	for p := range db.Check(ctx) {
		t.Error(p)
	}
	ok(t, db.Close())
	if _, err := engine.Open(ctx, "/x", engine.Options{FS: fs}); !errors.Is(err, engine.ErrKey) {
		t.Error(err)
	}
}
