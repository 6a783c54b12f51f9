// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func TestCompressedFiles(t *testing.T) {
	t.Parallel()
	plain, _ := filled(t, engine.Options{Compression: "none"}, 2000)
	for _, name := range codecNames {
		t.Run(name, func(t *testing.T) {
			data, content := filled(t, engine.Options{Compression: name}, 2000)
			if len(data) > len(plain)*2/3 {
				t.Errorf("%d bytes, without compression %d", len(data), len(plain))
			}
			codec, _ := compress.ByName(name, nil)
			for _, o := range []engine.Options{
				{}, {Compression: name}, {Compression: fmt.Sprint(codec.ID())}, {ReadOnly: true},
				// Sizes are for a new file: these could not be compressed.
				{CacheSize: 1},
			} {
				db, fs, err := openBytes(data, o)
				if err != nil {
					t.Fatal(err)
				}
				if db.Compression() != name || db.CompressionID() != codec.ID() || db.Options().Compression != name {
					t.Errorf("opened with compression %q, id %d", db.Compression(), db.CompressionID())
				}
				if got := readAll(t, db); !maps.Equal(got, content) {
					t.Error("the file holds something else")
				}
				expectSound(t, db)
				dumpAll(t, db)
				st := db.Stats()
				if st.PagesRead == 0 || st.BytesRead == 0 || o.CacheSize != 1 && st.BytesRead > st.PagesRead*4096 {
					t.Errorf("%d pages of %d bytes read", st.PagesRead, st.BytesRead)
				}
				if !o.ReadOnly {
					if err := db.Set(func(o *engine.Options) { o.AutoFlush = 1 << 20 }); err != nil {
						t.Errorf("a setting after adopting a codec: %v", err)
					}
					if err := db.Optimize(context.Background()); err != nil {
						t.Fatal(err)
					}
					expectSound(t, db)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				after, err := fs.ReadFile("/x.db")
				if err != nil || o.ReadOnly && !bytes.Equal(after, data) {
					t.Errorf("a read-only handle has changed the file, %v", err)
				}
			}
		})
	}
}

// TestCompressionOfAnEmptyDatabase: as long as nothing is stored, the next Open decides.
func TestCompressionOfAnEmptyDatabase(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	open := func(compression string) *engine.DB {
		t.Helper()
		db, err := engine.Open(ctx, "/e.db", engine.Options{FS: fs, Compression: compression})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	for _, name := range []string{"zstd", "none", "", "lz4"} {
		db := open(name)
		if db.CompressionID() != 0 {
			t.Errorf("%q: id %d before anything is stored", name, db.CompressionID())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := open("zlib")
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open("")
	if db.Compression() != "zlib" || db.CompressionID() != compress.IDZlib {
		t.Errorf("adopted %s, %d", db.Compression(), db.CompressionID())
	}
	// Deleting everything leaves a file that has its codec.
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Delete([]byte("a")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(ctx, "/e.db", engine.Options{FS: fs, Compression: "lz4"}); !errors.Is(err, engine.ErrMismatch) {
		t.Errorf("a database without rows: %v", err)
	}
}

// TestCompressedBackup copies databases of each codec into files of each codec, as rows, as
// a stream and as blocks.
func TestCompressedBackup(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, from := range append([]string{"none"}, codecNames...) {
		data, content := filled(t, engine.Options{Compression: from, PageSize: 1024, BlockSize: 64 << 10}, 1000)
		db, fs, err := openBytes(data, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(what, name, compression string) {
			t.Helper()
			got, err := engine.Open(ctx, name, engine.Options{FS: fs, Compression: compression})
			if err != nil {
				t.Fatalf("%s, %s to %s: %v", what, from, compression, err)
			}
			if rows := readAll(t, got); !maps.Equal(rows, content) {
				t.Errorf("%s, %s to %s: the copy holds something else", what, from, compression)
			}
			expectSound(t, got)
			if err := got.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, to := range append([]string{"", "none"}, codecNames...) {
			o := engine.BackupOptions{Compression: to}
			want := to
			if want == "" {
				want = from
			}
			if err := db.Backup(ctx, "/to-"+to, o); err != nil {
				t.Fatal(err)
			}
			expect("rows", "/to-"+to, want)
			var out bytes.Buffer
			if err := db.BackupTo(ctx, &out, o); err != nil {
				t.Fatal(err)
			}
			if err := fs.WriteFile("/stream-"+to, out.Bytes()); err != nil {
				t.Fatal(err)
			}
			expect("stream", "/stream-"+to, want)
		}
		if err := db.CopyCheckpoint(ctx, "/blocks", engine.BackupOptions{}); err != nil {
			t.Fatal(err)
		}
		expect("blocks", "/blocks", from)
		if err := db.CopyCheckpoint(ctx, "/other", engine.BackupOptions{Compression: "mirror"}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("an unknown codec: %v", err)
		}
		other := "lz4"
		if from == other {
			other = "none"
		}
		if _, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, Compression: other}); !errors.Is(err, engine.ErrMismatch) {
			t.Errorf("a second handle of this process that asks for %s: %v", other, err)
		}
		if again, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, Compression: from}); err != nil {
			t.Error(err)
		} else if err := again.Close(); err != nil {
			t.Error(err)
		}
		if err := db.CopyCheckpoint(ctx, "/other", engine.BackupOptions{Compression: other}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("blocks with another codec: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
