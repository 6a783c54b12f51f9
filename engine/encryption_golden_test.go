// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

var writeEncrypted = flag.Bool("encrypted.write", false, "make the files of testdata/encrypted again, for a new version of the format")

// encryptedFiles are those of testdata/encrypted: version 1 of the format, under key1. Each holds 300 rows, of which
// the log has the last 20.
var encryptedFiles = map[string]engine.Options{
	"v1-aes":        {PageSize: 512, BlockSize: 64 << 10},
	"v1-chacha-lz4": {PageSize: 1024, BlockSize: 64 << 10, Cipher: "chacha20-poly1305", Compression: "lz4"},
}

func encryptedRow(n int) (key, value []byte) {
	return fmt.Appendf(nil, "row-%04d", n), fmt.Appendf(nil, "%s %d", words[n%len(words)], n)
}

// writeEncryptedFile makes one of the files: that of a database which was killed.
func writeEncryptedFile(t *testing.T, name string, o engine.Options) {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.Key = fs, key1
	db := mustOpen(t, "/x", o)
	defer db.Close()
	for n := range 300 {
		if n == 150 || n == 280 {
			ok(t, db.Flush(ctx))
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}
		key, value := encryptedRow(n)
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(key, value) }))
	}
	for from, to := range map[string]string{"/x": name + ".db", "/x-log": name + ".db-log"} {
		b, err := fs.ReadFile(from)
		ok(t, err)
		ok(t, os.WriteFile(to, bytes.TrimRight(b, "\x00"), 0o644))
	}
}

// TestGoldenEncrypted reads files of each version of the encrypted format, twice, and goes on with them.
func TestGoldenEncrypted(t *testing.T) {
	ctx := context.Background()
	for name, o := range encryptedFiles {
		path := filepath.Join("testdata", "encrypted", name)
		if *writeEncrypted {
			writeEncryptedFile(t, path, o)
		}
		fs := memfs.New()
		var files [2][]byte
		for i, suffix := range []string{".db", ".db-log"} {
			var err error
			files[i], err = os.ReadFile(path + suffix)
			ok(t, err)
			ok(t, fs.WriteFile("/x"+suffix[3:], files[i]))
		}
		d, err := secondreader.Read(files[0], files[1], secondreader.Key{Raw: bytes.Repeat([]byte{1}, keys.Size)})
		if err != nil || len(d.Rows) != 300 || len(d.Replayed) != 20 {
			t.Errorf("%s, read a second time: %v", name, err)
		}
		for _, readOnly := range []bool{true, false} {
			db := mustOpen(t, "/x", engine.Options{FS: fs, Key: key1, ReadOnly: readOnly})
			rows := rowsOf(t, db)
			for n, row := range rows {
				key, value := encryptedRow(n)
				if want := string(key) + "=" + string(value); row != want {
					t.Errorf("%s, row %d: %q, want %q", name, n, row, want)
				}
			}
			if len(rows) != 300 {
				t.Errorf("%s: %d rows", name, len(rows))
			}
			for p := range db.Check(ctx) {
				t.Errorf("%s: %v", name, p)
			}
			if !readOnly {
				ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange([]byte("row-"), []byte("row-9")) }))
			}
			ok(t, db.Close())
		}
	}
}
