// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// loggedDB is an encrypted database as a crash leaves it, with all its commits in the log.
type loggedDB struct {
	fs     *memfs.FS
	o      engine.Options
	log    []byte
	states []string // after n commits
	ends   []int64  // where they end in the log
}

func makeLogged(t *testing.T, commits int) loggedDB {
	t.Helper()
	ctx := context.Background()
	d := loggedDB{fs: memfs.New(), o: engine.Options{PageSize: 512, BlockSize: 64 << 10, AutoCheckpoint: -1, Key: key1}, states: []string{""}}
	d.o.FS = d.fs
	db := mustOpen(t, "/db", d.o)
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range commits {
		tx, err := db.Begin(ctx)
		ok(t, err)
		for range 1 + rng.IntN(4) {
			ok(t, tx.Put(wordRow(rng, rng.IntN(1000))))
		}
		level, err := tx.Begin()
		ok(t, err)
		ok(t, tx.Put(wordRow(rng, rng.IntN(1000))))
		ok(t, tx.RollbackTo(level))
		if i%5 == 4 {
			ok(t, tx.Rollback())
			continue
		}
		ok(t, tx.Commit(ctx))
		d.states = append(d.states, contentOf(t, db))
	}
	crashed := d.fs.Clone()
	ok(t, db.Close())
	d.fs, d.o.FS = crashed, crashed
	var err error
	d.log, err = crashed.ReadFile("/db-log")
	ok(t, err)
	for r, err := range engine.ReadLog(ctx, "/db", engine.ReadLogOptions{FS: crashed}) {
		ok(t, err)
		if r.Kind == engine.LogCommit {
			d.ends = append(d.ends, r.Offset+r.Bytes)
		}
	}
	if len(d.ends) != len(d.states)-1 {
		t.Fatalf("%d commits in the log, %d were made", len(d.ends), len(d.states)-1)
	}
	return d
}

// open opens a copy of the database with another log. It returns its content, and wants nothing to be written
// where that is refused.
func (d *loggedDB) open(t *testing.T, log []byte) (string, error) {
	t.Helper()
	fs := d.fs.Clone()
	ok(t, fs.WriteFile("/db-log", log))
	before, err := fs.ReadFile("/db")
	ok(t, err)
	o := d.o
	o.FS = fs
	db, err := engine.Open(context.Background(), "/db", o)
	if err != nil {
		after, err2 := fs.ReadFile("/db")
		ok(t, err2)
		logAfter, err2 := fs.ReadFile("/db-log")
		ok(t, err2)
		if !bytes.Equal(before, after) || !bytes.Equal(log, logAfter) {
			t.Errorf("a log that is refused is changed, or the database: %v", err)
		}
		return "", err
	}
	content := contentOf(t, db)
	for p := range db.Check(context.Background()) {
		t.Errorf("check: %v", p)
	}
	ok(t, db.Close())
	return content, nil
}

// checkLog wants an error that matches ErrTampered, or a state after a commit.
func (d *loggedDB) checkLog(t *testing.T, log []byte, what string) (found bool) {
	t.Helper()
	content, err := d.open(t, log)
	switch {
	case err == nil && !slices.Contains(d.states, content):
		t.Fatalf("%s: the content is that of no commit", what)
	case err != nil && !errors.Is(err, engine.ErrCorrupt):
		t.Fatalf("%s: %v", what, err)
	}
	return errors.Is(err, engine.ErrTampered)
}

// withLogSums makes the checksums of a log right that begins at the front of its file.
func withLogSums(log []byte) []byte {
	log = slices.Clone(log)
	sum := format.StartLogSum(format.EmptyLogSum)
	for off := 0; off < len(log); {
		h, n := format.DecodeLogHeader(log[off:])
		if n == 0 || h.Kind == format.LogEnd || h.Kind == format.LogJump {
			break
		}
		sum.Add(log[off : off+n])
		off += n
		if h.Summed || h.Kind == format.LogCommit {
			if off+format.LogChecksumLen > len(log) {
				break
			}
			copy(log[off:], format.AppendLogChecksum(nil, sum.End()))
			off += format.LogChecksumLen
		}
		if h.N1+h.N2 > uint64(len(log)-off) {
			break
		}
		sum.Add(log[off : off+int(h.N1+h.N2)])
		off += int(h.N1 + h.N2)
	}
	return log
}

// TestEncryptedLogIsTampered changes the log of a database that crashed, with all checksums made right.
func TestEncryptedLogIsTampered(t *testing.T) {
	d := makeLogged(t, 12)
	if content, err := d.open(t, withLogSums(d.log)); err != nil || content != d.states[len(d.states)-1] {
		t.Fatalf("the log as it was: %v", err)
	}
	found, step := 0, 7
	for i := 0; i < len(d.log); i += step {
		log := slices.Clone(d.log)
		log[i] ^= 1 << (i % 8)
		if d.checkLog(t, withLogSums(log), fmt.Sprintf("byte %d", i)) {
			found++
		}
	}
	if found < len(d.log)/step/2 {
		t.Errorf("%d of %d changes were found", found, len(d.log)/step)
	}
	begin := int64(0)
	for i, end := range d.ends {
		if i < len(d.ends)-1 {
			if !d.checkLog(t, withLogSums(slices.Concat(d.log[:begin], d.log[end:])), "taken out") && i > 0 {
				t.Errorf("commit %d was taken out and nothing was found", i)
			}
		}
		if content, err := d.open(t, d.log[:end-1]); err != nil || content != d.states[i] {
			t.Errorf("a log that is cut in commit %d: %v", i, err)
		}
		begin = end
	}
	other := makeLogged(t, 3)
	if content, err := d.open(t, other.log); err == nil && content != "" || err != nil && !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("the log of another database: %v", err)
	}
}

// TestEncryptedLogShowsNothing: no eight bytes of a row are in the log after commits, rollbacks and a crash, nor
// in anything that a recovery makes of it.
func TestEncryptedLogShowsNothing(t *testing.T) {
	d := makeLogged(t, 40)
	shows := func(b []byte) bool {
		return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(b, []byte(w[:8])) })
	}
	if shows(d.log) {
		t.Error("the log shows a row")
	}
	for range 3 {
		db := mustOpen(t, "/db", d.o)
		ok(t, db.Update(context.Background(), func(tx *engine.Tx) error {
			return tx.Put(wordRow(rand.New(rand.NewPCG(1, 2)), 5000))
		}))
		d.fs = d.fs.Clone()
		ok(t, db.Close())
		d.o.FS = d.fs
		for _, name := range []string{"/db", "/db-log"} {
			if b, err := d.fs.ReadFile(name); err != nil || shows(b) {
				t.Errorf("%s shows a row, or %v", name, err)
			}
		}
	}
}

// TestReadLogOfAnEncryptedDatabase with the key, without it, with another one, and from a place on.
func TestReadLogOfAnEncryptedDatabase(t *testing.T) {
	d := makeLogged(t, 12)
	ctx := context.Background()
	read := func(o engine.ReadLogOptions) (rows, frames int, places []engine.LogPlace, err error) {
		o.FS = d.fs
		for r, e := range engine.ReadLog(ctx, "/db", o) {
			switch {
			case e != nil:
				err = e
			case r.Kind == engine.LogWrite:
				if rows++; !strings.Contains(strings.Join(words, " "), string(bytes.SplitN(r.Key, []byte("-"), 2)[0])) {
					t.Errorf("key %q", r.Key)
				}
			case r.Kind == engine.LogDelete:
				t.Error("the decoy is shown as a delete")
			case r.Kind == engine.LogFrame || r.Kind == engine.LogKeyFrame:
				frames++
			case r.Kind == engine.LogCommit:
				places = append(places, r.Place)
			}
		}
		return rows, frames, places, err
	}
	rows, frames, places, err := read(engine.ReadLogOptions{Key: key1})
	if err != nil || rows < 10 || frames < 10 || len(places) != len(d.ends) {
		t.Fatalf("%d rows, %d frames, %d commits, %v", rows, frames, len(places), err)
	}
	closed, closedFrames, closedPlaces, err := read(engine.ReadLogOptions{})
	if err != nil || closed != 0 || closedFrames != frames || !slices.Equal(places, closedPlaces) {
		t.Errorf("without the key: %d rows, %d frames, %v", closed, closedFrames, err)
	}
	for i, place := range places {
		after, _, rest, err := read(engine.ReadLogOptions{Key: key1, After: place})
		if err != nil || !slices.Equal(rest, places[i+1:]) || i < len(places)-1 && after == 0 {
			t.Errorf("after commit %d: %d rows, %d commits, %v", i, after, len(rest), err)
		}
	}
	if all, _, _, err := read(engine.ReadLogOptions{Key: key1, FromStart: true}); err != nil || all != rows {
		t.Errorf("from the start: %d rows, want %d, %v", all, rows, err)
	}
	if _, _, _, err := read(engine.ReadLogOptions{Key: key2}); !errors.Is(err, engine.ErrKey) {
		t.Errorf("with another key: %v", err)
	}
	o := d.o
	o.Key = nil
	ok(t, mustOpen(t, "/clear", o).Close())
	for _, err := range engine.ReadLog(ctx, "/clear", engine.ReadLogOptions{FS: d.fs, Key: key1}) {
		if err != nil && !errors.Is(err, engine.ErrMismatch) {
			t.Errorf("a clear database with a key: %v", err)
		}
	}
}

// TestLogThatIsGone: where nothing is left of the log, the database opens as of its checkpoint, unless the log is
// not there at all, and the note, which nobody verifies, says that it was. NotBefore refuses all of that.
func TestLogThatIsGone(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1}
	moment := func(path string) (file, log []byte, token engine.StateToken) {
		db := mustOpen(t, path, o)
		defer db.Close()
		ok(t, putRange(ctx, db, 0, 9, 9))
		ok(t, db.Flush(ctx))
		_, err := db.Checkpoint(ctx)
		ok(t, err)
		ok(t, putRange(ctx, db, 20, 25, 1))
		ok(t, putRange(ctx, db, 25, 29, 1))
		end := time.Now().Add(time.Minute)
		for noted := false; !noted; { // soon after the first commit
			if time.Now().After(end) {
				t.Fatal("no note says that the log is in use")
			}
			file, err = fs.ReadFile(path)
			ok(t, err)
			for page := range 2 {
				n, has := format.DecodeNote(file[page*format.MetaPageSize:][:format.MetaSize])
				noted = noted || has && n.LogInUse
			}
			time.Sleep(time.Millisecond)
		}
		log, err = fs.ReadFile(path + "-log")
		ok(t, err)
		return file, log, db.State()
	}
	file, log, token := moment("/x")
	_, another, _ := moment("/y")
	random := make([]byte, len(log))
	rand.NewChaCha8([32]byte{7}).Read(random)
	for _, c := range []struct {
		what    string
		log     []byte // nil for none
		note    bool   // is left
		refused bool
	}{
		{"empty", []byte{}, true, false},
		{"zeros", make([]byte, len(log)), true, false},
		{"random", random, true, false},
		{"cut", log[:len(log)/6], true, false},
		{"of another database", another, true, true},
		{"removed", nil, true, true},
		{"removed, and the note", nil, false, false},
	} {
		for _, readOnly := range []bool{true, false} {
			f := bytes.Clone(file)
			if !c.note {
				clear(f[format.NoteOffset:format.MetaPageSize])
				clear(f[format.MetaPageSize+format.NoteOffset : 2*format.MetaPageSize])
			}
			o := o
			fs := memfs.New()
			ok(t, fs.WriteFile("/x", f))
			if c.log != nil {
				ok(t, fs.WriteFile("/x-log", c.log))
			}
			o.FS, o.ReadOnly, o.NotBefore = fs, readOnly, token
			if _, err := engine.Open(ctx, "/x", o); err == nil || !c.refused && !errors.Is(err, engine.ErrRolledBack) {
				t.Errorf("%s, with NotBefore: %v", c.what, err)
			}
			o.NotBefore = engine.StateToken{}
			db, err := engine.Open(ctx, "/x", o)
			if (err != nil) != c.refused {
				t.Errorf("%s: %v", c.what, err)
			}
			if err == nil {
				if got := db.State().Commits; got != 1 || len(rowsOf(t, db)) != 9 {
					t.Errorf("%s: %d commits, %d rows", c.what, got, len(rowsOf(t, db)))
				}
				ok(t, db.Close())
			}
		}
	}
}
