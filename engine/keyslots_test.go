// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// quick are parameters of argon2id that cost nothing.
var quick = keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}

// opensWith reports whether a key opens a closed database.
func opensWith(t *testing.T, fs *memfs.FS, path string, src keys.Source) bool {
	t.Helper()
	db, err := engine.Open(context.Background(), path, engine.Options{FS: fs, Key: src, ReadOnly: true})
	if err != nil {
		if !errors.Is(err, engine.ErrKey) {
			t.Errorf("open with %s: %v", src, err)
		}
		return false
	}
	ok(t, db.Close())
	return true
}

// TestKeysComeAndGo adds keys of all kinds, removes them, and opens the database with each.
func TestKeysComeAndGo(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1}
	db := mustOpen(t, "/k", o)
	ok(t, putRange(ctx, db, 0, 100, 1))
	same := func(_ context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), nil }
	sources := []keys.Source{key1, key2, keys.Passphrase([]byte("word"), quick), keys.External("kms/a", same, same)}
	ids := []engine.KeyID{db.Keys()[0].ID}
	for _, src := range sources[1:] {
		id, err := db.AddKey(ctx, src)
		ok(t, err)
		ids = append(ids, id)
	}
	list := db.Keys()
	for i, want := range []engine.KeyInfo{
		{ID: ids[0], Type: "raw"}, {ID: ids[1], Type: "raw"}, {ID: ids[2], Type: "passphrase", Params: quick},
		{ID: ids[3], Type: "external", Name: "kms/a"},
	} {
		if list[i] != want {
			t.Errorf("key %d is %+v, want %+v", i, list[i], want)
		}
		if again, err := engine.ParseKeyID(list[i].ID.String()); err != nil || again != list[i].ID {
			t.Errorf("%s: %v, %v", list[i].ID, again, err)
		}
		ok(t, db.CheckKey(ctx, sources[i]))
	}
	if e := db.Encryption(); e.Cipher != "aes-256-gcm" || e.FileID == [16]byte{} || len(e.Keys) != 4 {
		t.Errorf("%+v", e)
	}
	// The name of an external key is in the file, in clear: it is not enough.
	zeros := func(context.Context, []byte) ([]byte, error) { return make([]byte, keys.Size), nil }
	if err := db.CheckKey(ctx, keys.External("kms/a", same, zeros)); !errors.Is(err, engine.ErrKey) {
		t.Errorf("a service that returns another data key: %v", err)
	}
	if _, err := engine.Open(ctx, "/k", engine.Options{FS: fs, ReadOnly: true, Key: keys.External("kms/a", same, zeros)}); !errors.Is(err, engine.ErrKey) {
		t.Errorf("shared with a service that returns another data key: %v", err)
	}
	want := contentOf(t, db)
	if _, err := db.AddKey(ctx, key2); !errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "has this key already") {
		t.Errorf("a key that is there: %v", err)
	}
	for _, src := range []keys.Source{nil, keys.None} {
		if _, err := db.AddKey(ctx, src); !errors.Is(err, engine.ErrKey) || !strings.Contains(err.Error(), "none is given") {
			t.Errorf("no key: %v", err)
		}
	}
	ok(t, db.Close())
	for _, src := range sources {
		if !opensWith(t, fs, "/k", src) {
			t.Errorf("%s does not open it", src)
		}
	}

	o.Key = sources[2]
	db = mustOpen(t, "/k", o)
	ok(t, db.RemoveKey(ctx, ids[0]))
	ok(t, db.RemoveKey(ctx, ids[3]))
	if err := db.RemoveKey(ctx, ids[0]); !errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "has no key") {
		t.Errorf("a key that is not there: %v", err)
	}
	ok(t, db.RemoveKey(ctx, ids[1]))
	if err := db.RemoveKey(ctx, ids[2]); !errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "last key") {
		t.Errorf("the last key: %v", err)
	}
	if err := db.CheckKey(ctx, key1); !errors.Is(err, engine.ErrKey) {
		t.Errorf("a key that was removed: %v", err)
	}
	ok(t, db.Close())
	for i, src := range sources {
		if got := opensWith(t, fs, "/k", src); got != (i == 2) {
			t.Errorf("%s opens it: %v", src, got)
		}
	}
	db = mustOpen(t, "/k", o)
	defer db.Close()
	if contentOf(t, db) != want {
		t.Error("the rows are others")
	}
}

// TestKeysHaveNoMoreRoom fills the room of the slots.
func TestKeysHaveNoMoreRoom(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/k", engine.Options{FS: memfs.New(), Key: key1})
	defer db.Close()
	for n := byte(10); ; n++ {
		_, err := db.AddKey(ctx, keys.Raw(bytes.Repeat([]byte{n}, keys.Size)))
		if err == nil {
			continue
		}
		if got := len(db.Keys()); !errors.Is(err, engine.ErrFull) || got != 8 {
			t.Errorf("%d keys: %v", got, err)
		}
		break
	}
}

// TestKeysOfOthers: the keys of a database in clear, or of one that is only read, cannot be changed.
func TestKeysOfOthers(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	db := mustOpen(t, "/clear", engine.Options{FS: fs})
	if _, err := db.AddKey(ctx, key1); !errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "not encrypted") {
		t.Error(err)
	}
	if err := db.RemoveKey(ctx, engine.KeyID{}); !errors.Is(err, engine.ErrMisuse) {
		t.Error(err)
	}
	if db.Keys() != nil || db.Encryption().Cipher != "" || db.State() != (engine.StateToken{}) {
		t.Errorf("%+v, %v", db.Encryption(), db.State())
	}
	ok(t, db.CheckKey(ctx, nil))
	ok(t, db.CheckKey(ctx, keys.None))
	if err := db.CheckKey(ctx, key1); !errors.Is(err, engine.ErrMismatch) {
		t.Error(err)
	}
	ok(t, db.Close())
	ok(t, mustOpen(t, "/k", engine.Options{FS: fs, Key: key1}).Close())
	db = mustOpen(t, "/k", engine.Options{FS: fs, Key: key1, ReadOnly: true})
	if _, err := db.AddKey(ctx, key2); !errors.Is(err, engine.ErrReadOnly) {
		t.Error(err)
	}
	ok(t, db.Close())
	if _, err := db.AddKey(ctx, key2); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a closed database: %v", err)
	}
	if err := db.CheckKey(ctx, key1); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a closed database: %v", err)
	}
}

// TestAddKeyFails: each call of the file system fails in turn while a key is added, or one is removed. Then
// either key that is listed opens the database, and the rows are there.
func TestAddKeyFails(t *testing.T) {
	ctx := context.Background()
	for _, remove := range []bool{false, true} {
		for n := 1; ; n++ {
			fs := memfs.New()
			ffs := faultfs.Wrap(fs)
			db := mustOpen(t, "/k", engine.Options{FS: ffs, Key: key1})
			ok(t, putRange(ctx, db, 0, 50, 1))
			id := db.Keys()[0].ID
			if remove {
				_, err := db.AddKey(ctx, key2)
				ok(t, err)
			}
			want := contentOf(t, db)
			fault := ffs.Add(faultfs.Rule{On: faultfs.Write | faultfs.Sync, Nth: n, Err: errors.New("broken")})
			var err error
			if remove {
				err = db.RemoveKey(ctx, id)
			} else {
				_, err = db.AddKey(ctx, key2)
			}
			faulted := fault.Hits() > 0
			ffs.Clear()
			_ = db.Close()
			opened := 0
			for i, src := range []keys.Source{key1, key2} {
				db, openErr := engine.Open(ctx, "/k", engine.Options{FS: fs, Key: src})
				if openErr != nil {
					if !errors.Is(openErr, engine.ErrKey) {
						t.Fatalf("remove %v, call %d: %v", remove, n, openErr)
					}
					if i == 0 && !remove || i == 1 && remove || i == 1 && err == nil {
						t.Errorf("remove %v, call %d, %v: %s does not open it", remove, n, err, src)
					}
					continue
				}
				opened++
				if contentOf(t, db) != want {
					t.Errorf("remove %v, call %d: the rows are others", remove, n)
				}
				ok(t, db.Close())
			}
			if opened == 0 {
				t.Errorf("remove %v, call %d: no key opens it", remove, n)
			}
			if !faulted {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
		}
	}
}

// TestNotBefore: a database that was put back to what it was, or replaced by another one, is refused and left
// as it is.
func TestNotBefore(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1}
	copyTo := func(from, to string) {
		for _, suffix := range []string{"", "-log"} {
			_ = fs.Remove(to + suffix)
			if b, err := fs.ReadFile(from + suffix); err == nil {
				ok(t, fs.WriteFile(to+suffix, b))
			}
		}
	}
	db := mustOpen(t, "/db", o)
	tokens := []engine.StateToken{db.State()}
	for n := range 6 {
		ok(t, putRange(ctx, db, n*10, n*10+1, 1))
		if n == 3 {
			ok(t, db.Flush(ctx))
		}
		tokens = append(tokens, db.State())
		copyTo("/db", fmt.Sprint("/old", n+1))
		if got := db.State().Commits; got != uint64(n+1) {
			t.Fatalf("%d commits after %d", got, n+1)
		}
	}
	ok(t, db.Close())
	if got := db.State(); got != tokens[6] {
		t.Errorf("after Close the token is %v, want %v", got, tokens[6])
	}
	for at := 1; at <= 6; at++ {
		for with := 1; with <= 6; with++ {
			copyTo(fmt.Sprint("/old", at), "/x")
			file, _ := fs.ReadFile("/x")
			log, _ := fs.ReadFile("/x-log")
			o := o
			o.NotBefore = tokens[with]
			db, err := engine.Open(ctx, "/x", o)
			if at < with {
				if !errors.Is(err, engine.ErrRolledBack) || !errors.Is(err, engine.ErrCorrupt) {
					t.Errorf("state %d, not before %d: %v", at, with, err)
				}
				file2, _ := fs.ReadFile("/x")
				if log2, _ := fs.ReadFile("/x-log"); !bytes.Equal(file, file2) || !bytes.Equal(log, log2) {
					t.Errorf("state %d, not before %d: the files were changed", at, with)
				}
				continue
			}
			if err != nil {
				t.Errorf("state %d, not before %d: %v", at, with, err)
				continue
			}
			if db.State() != tokens[at] {
				t.Errorf("state %d is %v", at, db.State())
			}
			ok(t, db.Close())
		}
	}
	// Another history with as many commits, made of the same beginning.
	copyTo("/old4", "/x")
	db = mustOpen(t, "/x", o)
	for n := range 2 {
		ok(t, putRange(ctx, db, 1000+n, 1001+n, 1))
	}
	if db.State().Commits != 6 {
		t.Fatal(db.State())
	}
	ok(t, db.Close())
	o.NotBefore = tokens[6]
	if _, err := engine.Open(ctx, "/x", o); !errors.Is(err, engine.ErrRolledBack) || !strings.Contains(err.Error(), "another history") {
		t.Errorf("another history: %v", err)
	}
	// A database that is not there is not made.
	if _, err := engine.Open(ctx, "/none", o); !errors.Is(err, engine.ErrRolledBack) {
		t.Errorf("no database: %v", err)
	}
	if _, err := fs.ReadFile("/none"); err == nil {
		t.Error("a database was made")
	}
	if _, err := engine.Open(ctx, "/db", engine.Options{FS: fs, NotBefore: tokens[1]}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("without a key: %v", err)
	}
}

// TestNotBeforeOfAnOpenDatabase: a handle that shares an open database does not see a state before that of its token,
// although the handle that writes has none.
func TestNotBeforeOfAnOpenDatabase(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1}
	db := mustOpen(t, "/x", o)
	ok(t, putRange(ctx, db, 0, 9, 9))
	ok(t, db.Close())
	before, err := fs.ReadFile("/x")
	ok(t, err)
	db = mustOpen(t, "/x", o)
	first := db.State()
	ok(t, putRange(ctx, db, 9, 10, 1))
	newest := db.State()
	ok(t, db.Close())

	ok(t, fs.WriteFile("/x", before))
	db = mustOpen(t, "/x", o)
	defer db.Close()
	other := newest
	other.Chain[3] ^= 1
	check := func(what string, token engine.StateToken, want string) {
		t.Helper()
		o := o
		o.NotBefore, o.ReadOnly = token, true
		shared, openErr := engine.Open(ctx, "/x", o)
		if openErr == nil {
			ok(t, shared.Close())
		}
		for _, err := range []error{openErr, db.CheckNotBefore(token)} {
			if (want == "") != (err == nil) || want != "" && (!errors.Is(err, engine.ErrRolledBack) || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	check("no token", engine.StateToken{}, "")
	check("the state that is there", first, "")
	check("a newer state", newest, "older copy")
	ok(t, putRange(ctx, db, 20, 21, 1))
	check("as many commits of another history", newest, "another history")
	check("the newest one", db.State(), "")
	check("one before it", first, "")
	ok(t, db.Close())
	if err := db.CheckNotBefore(first); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("closed: %v", err)
	}

	// The other options that may refuse a database count, too.
	plain := mustOpen(t, "/clear", engine.Options{FS: fs})
	defer plain.Close()
	if _, err := engine.Open(ctx, "/clear", engine.Options{FS: fs, ReadOnly: true, Cipher: "aes-256-gcm"}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a cipher without a key: %v", err)
	}
	if err := plain.CheckNotBefore(first); !errors.Is(err, engine.ErrRolledBack) {
		t.Errorf("a database in clear: %v", err)
	}
	ok(t, plain.CheckNotBefore(engine.StateToken{}))
}

// TestNotBeforeOfACopy: no token of a database agrees with a copy, which is another history and may have other commits
// of the same number; the error says so, and a token of the copy agrees with it.
func TestNotBeforeOfACopy(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1}
	db := mustOpen(t, "/x", o)
	defer db.Close()
	ok(t, putRange(ctx, db, 0, 9, 9))
	ok(t, putRange(ctx, db, 3, 12, 1))
	ok(t, db.Flush(ctx))
	_, err := db.Checkpoint(ctx)
	ok(t, err)
	token := db.State()
	ok(t, db.Backup(ctx, "/backup", engine.BackupOptions{}))
	ok(t, db.Backup(ctx, "/rekeyed", engine.BackupOptions{Key: key2}))
	ok(t, db.CopyCheckpoint(ctx, "/checkpoint", engine.BackupOptions{}))
	want := contentOf(t, db)
	ok(t, db.Close())
	if _, err := engine.Recover(ctx, "/x", "/recovered", engine.RecoverOptions{FS: fs, Key: key1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, says string
		key        keys.Source
	}{
		{"/backup", "backup of it has", key1}, {"/rekeyed", "backup of it has", key2},
		{"/checkpoint", "backup of it has", key1}, {"/recovered", "Recover", key1},
	} {
		o := o
		o.Key, o.NotBefore = c.key, token
		if _, err := engine.Open(ctx, c.path, o); !errors.Is(err, engine.ErrRolledBack) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s with the token of its original: %v", c.path, err)
		}
		o.NotBefore = engine.StateToken{}
		copied := mustOpen(t, c.path, o)
		o.NotBefore = copied.State()
		ok(t, copied.Close())
		copied = mustOpen(t, c.path, o)
		if contentOf(t, copied) != want {
			t.Errorf("%s has other rows", c.path)
		}
		ok(t, copied.Close())
	}
}
