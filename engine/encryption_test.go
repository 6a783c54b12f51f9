// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var (
	key1 = keys.Raw(bytes.Repeat([]byte{1}, keys.Size))
	key2 = keys.Raw(bytes.Repeat([]byte{2}, keys.Size))
)

// words are what rows of these tests are made of: no eight bytes of them may be found in a file.
var words = []string{"alphabetical", "encyclopaedia", "thunderstorm", "extraordinary", "hippopotamus", "mathematical"}

func wordRow(rng *rand.Rand, n int) (key, value []byte) {
	key = fmt.Appendf(nil, "%s-%08d", words[rng.IntN(len(words))], n)
	for range rng.IntN(12) {
		value = append(value, words[rng.IntN(len(words))]...)
	}
	return key, value
}

func seeded(n int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(n))) }

// TestEncryptedDatabase writes, reads, checks, closes and opens again an encrypted database beside one in clear.
func TestEncryptedDatabase(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, o := range []engine.Options{
		{},
		{PageSize: 256, BlockSize: 64 << 10, AutoFlush: 16 << 10, AutoCheckpoint: 64 << 10, CacheSize: 32 << 10},
		{PageSize: 1024, BlockSize: 64 << 10, AutoFlush: 32 << 10, Compression: "lz4", Cipher: "chacha20-poly1305", Mmap: engine.MmapAll},
		{PageSize: 4096, AutoFlush: 64 << 10, Compression: "zstd", Background: engine.BackgroundBoth, Safety: engine.SafetyFull},
	} {
		t.Run(fmt.Sprintf("%d/%s", o.PageSize, o.Compression), func(t *testing.T) {
			fs := memfs.New()
			clear, sealed := o, o
			clear.FS, sealed.FS, sealed.Key = fs, fs, key1
			clear.Cipher = ""
			rng := rand.New(rand.NewPCG(1, uint64(o.PageSize)))
			for round := range 4 {
				dbs := []*engine.DB{mustOpen(t, "/clear", clear), mustOpen(t, "/sealed", sealed)}
				for n := range 3000 {
					key, value := wordRow(rng, rng.IntN(5000))
					for _, db := range dbs {
						if err := db.Update(ctx, func(tx *engine.Tx) error {
							if n%50 == 7 {
								return tx.DeleteRange(key, append(key[:4:4], 'z'))
							}
							return tx.Put(key, value)
						}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if a, b := contentOf(t, dbs[0]), contentOf(t, dbs[1]); a != b || len(a) < 1000 {
					t.Fatalf("round %d: %d bytes of rows in clear, %d encrypted", round, len(a), len(b))
				}
				if dbs[1].CompressionID() != 11100 || dbs[1].Compression() != dbs[0].Compression() {
					t.Errorf("compression %d, %s", dbs[1].CompressionID(), dbs[1].Compression())
				}
				for p := range dbs[1].Check(ctx) {
					t.Error(p)
				}
				want := contentOf(t, dbs[0])
				for _, db := range dbs {
					if err := db.Close(); err != nil {
						t.Fatal(err)
					}
				}
				sealed.ReadOnly = true
				db := mustOpen(t, "/sealed", sealed)
				if contentOf(t, db) != want {
					t.Error("a handle that only reads shows other rows")
				}
				db.Close()
				sealed.ReadOnly = false
			}
			file, err := fs.ReadFile("/sealed")
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range words {
				if bytes.Contains(file, []byte(w)) {
					t.Errorf("%q is in the file", w)
				}
			}
		})
	}
}

// TestWrongKeyWritesNothing: without the key, or with another one, a database is refused and left as it is.
func TestWrongKeyWritesNothing(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	for _, name := range []string{"/clear", "/sealed"} {
		o := engine.Options{FS: fs, PageSize: 512, BlockSize: 64 << 10}
		if name == "/sealed" {
			o.Key = key1
		}
		db := mustOpen(t, name, o)
		for n := range 500 {
			if err := db.Update(ctx, func(tx *engine.Tx) error {
				return tx.Put(wordRow(seeded(n), n))
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		key  keys.Source
		want error
	}{
		{"/sealed", nil, engine.ErrKey}, {"/sealed", keys.None, engine.ErrKey}, {"/sealed", key2, engine.ErrKey},
		{"/sealed", keys.Passphrase([]byte("x"), keys.Params{}), engine.ErrKey}, {"/clear", key1, engine.ErrMismatch},
	} {
		before, _ := fs.ReadFile(test.name)
		for _, readOnly := range []bool{false, true} {
			_, err := engine.Open(ctx, test.name, engine.Options{FS: fs, Key: test.key, ReadOnly: readOnly})
			if !errors.Is(err, test.want) || !errors.Is(err, engine.ErrMismatch) {
				t.Errorf("%s with %v: %v", test.name, test.key, err)
			}
		}
		if after, _ := fs.ReadFile(test.name); !bytes.Equal(before, after) {
			t.Errorf("%s with %v: the file was changed", test.name, test.key)
		}
		if _, err := fs.ReadFile(test.name + "-log"); err == nil {
			t.Errorf("%s with %v: there is a log", test.name, test.key)
		}
	}
	// A handle that shares an open database must have its key, too.
	db := mustOpen(t, "/sealed", engine.Options{FS: fs, Key: key1})
	defer db.Close()
	for _, key := range []keys.Source{nil, key2} {
		if _, err := engine.Open(ctx, "/sealed", engine.Options{FS: fs, Key: key, ReadOnly: true}); !errors.Is(err, engine.ErrKey) {
			t.Errorf("a handle that shares, with %v: %v", key, err)
		}
	}
	mustOpen(t, "/sealed", engine.Options{FS: fs, Key: key1, ReadOnly: true}).Close()
}

// contentOf returns all rows of a database in one text.
func contentOf(t *testing.T, db *engine.DB) string { return strings.Join(rowsOf(t, db), "\n") }

// TestCipherTakesAKey: a cipher without a key gives no database in clear, neither a new one nor one that is there.
func TestCipherTakesAKey(t *testing.T) {
	fs := memfs.New()
	o := engine.Options{FS: fs, Cipher: "aes-256-gcm"}
	for _, k := range []keys.Source{nil, keys.None} {
		o.Key = k
		if _, err := engine.Open(context.Background(), "/x", o); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a new database: %v", err)
		}
		if _, err := engine.NewBuilder("/y", o); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a new file: %v", err)
		}
	}
	for _, name := range []string{"/x", "/y"} {
		if info, err := fs.Stat(name); err == nil && info.Size() != 0 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	ok(t, mustOpen(t, "/x", engine.Options{FS: fs}).Close())
	if _, err := engine.Open(context.Background(), "/x", o); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a database in clear: %v", err)
	}
}

// TestIdentifyEncrypted says without a key what an encrypted file is.
func TestIdentifyEncrypted(t *testing.T) {
	fs := memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: fs, Key: key1, Compression: "lz4", Cipher: "chacha20-poly1305"})
	ok(t, db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("b")) }))
	ok(t, db.Close())
	info, err := engine.Identify(fs, "/x")
	ok(t, err)
	d := info.LSM1
	if d == nil || d.Cipher != "chacha20-poly1305" || d.Compression != "lz4" || d.CompressionID != 11100 || !d.Closed || d.Damage != "" ||
		info.What != "an encrypted lsm1 database, written by lsmlite" {
		t.Errorf("%q: %+v", info.What, d)
	}
}
