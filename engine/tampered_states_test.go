// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// What somebody without the key does to the files of a database, who repairs every checksum that needs no key.

var secretKey = bytes.Repeat([]byte("secret!?"), 4)

// files are those of a database at one moment.
type files struct {
	file, log []byte
	state     int // the commit that it shows
}

// secretDB is a database that was looked at again and again: what it had after each commit, and its files at moments.
type secretDB struct {
	t       *testing.T
	options engine.Options
	states  []map[string]string
	tokens  []engine.StateToken // of the same commits; the first is zero
	moments []files
}

func (d *secretDB) take(fs *memfs.FS) {
	f := files{state: len(d.states) - 1}
	f.file, _ = fs.ReadFile("/db")
	f.log, _ = fs.ReadFile("/db-log")
	d.moments = append(d.moments, f)
}

// newSecretDB makes a database in some sessions, of commits commits each, with something done to its files after some.
func newSecretDB(t *testing.T, rng *rand.Rand, sessions, commits int, o engine.Options) *secretDB {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.Key = fs, keys.Raw(secretKey)
	d := &secretDB{t: t, options: o, states: []map[string]string{{}}, tokens: []engine.StateToken{{}}}
	for range sessions {
		db, err := engine.Open(ctx, "/db", o)
		ok(t, err)
		d.take(fs)
		for range commits {
			next := maps.Clone(d.states[len(d.states)-1])
			ok(t, db.Update(ctx, func(tx *engine.Tx) error {
				for range 1 + rng.IntN(6) {
					k, v := fmt.Sprintf("key%02d", rng.IntN(30)), fmt.Sprintf("value %d %0*d", len(d.states), rng.IntN(40), rng.IntN(1000))
					next[k] = v
					if err := tx.Put([]byte(k), []byte(v)); err != nil {
						return err
					}
				}
				return nil
			}))
			d.states, d.tokens = append(d.states, next), append(d.tokens, db.State())
			switch rng.IntN(6) {
			case 0:
				ok(t, db.Flush(ctx))
			case 1:
				ok(t, db.Flush(ctx))
				_, err := db.Checkpoint(ctx)
				ok(t, err)
			case 2:
				_, err := db.Work(ctx, engine.WorkOptions{Merge: 2})
				ok(t, err)
			}
			d.take(fs)
		}
		ok(t, db.Close())
		d.take(fs)
	}
	return d
}

// show opens files and returns the newest commit whose rows are there, or the error.
func (d *secretDB) show(f files, o engine.Options) (state int, err error) {
	fs := memfs.New()
	ok(d.t, fs.WriteFile("/db", f.file))
	if f.log != nil {
		ok(d.t, fs.WriteFile("/db-log", f.log))
	}
	o.FS = fs
	db, err := engine.Open(context.Background(), "/db", o)
	if err != nil {
		return -1, err
	}
	got, err := enginetest.Rows(db)
	if closed := db.Close(); err == nil && closed != nil && !errors.Is(closed, engine.ErrCorrupt) {
		err = closed
	}
	if err != nil {
		return -1, err
	}
	for i := len(d.states) - 1; i >= 0; i-- {
		if maps.Equal(got, d.states[i]) {
			return i, nil
		}
	}
	d.t.Fatalf("%d rows that no commit has left: %v", len(got), got)
	return -1, nil
}

// TestEveryByteOfAnEncryptedDatabase changes each byte of file and log in turn, with the checksums as they were, and
// with all of them repaired. Nobody sees a row that was not committed, nor in the file one that is not the newest.
func TestEveryByteOfAnEncryptedDatabase(t *testing.T) {
	t.Parallel()
	d := newSecretDB(t, rand.New(rand.NewPCG(4, 4)), 2, 4, engine.Options{PageSize: 256, BlockSize: 64 << 10, NoAutoWork: true})
	sound := d.moments[len(d.moments)-2] // as a kill leaves it
	if s, err := d.show(sound, d.options); err != nil || s != len(d.states)-1 || len(sound.log) == 0 {
		t.Fatalf("state %d, %v, a log of %d bytes", s, err, len(sound.log))
	}
	second, err := secondreader.Read(sound.file, sound.log, secondreader.Key{Raw: secretKey})
	ok(t, err)
	if len(second.Segments) < 2 || len(second.Replayed) < 2 {
		t.Fatalf("%d segments, %d commits in the log: too few", len(second.Segments), len(second.Replayed))
	}
	counts := make(map[string]int)
	judge := func(what string, f files) {
		t.Helper()
		state, err := d.show(f, d.options)
		_, again := secondreader.Read(f.file, f.log, secondreader.Key{Raw: secretKey})
		switch {
		case err != nil && !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrKey) && !errors.Is(err, engine.ErrMismatch):
			t.Fatalf("%s: not a typed error: %v", what, err)
		case errors.Is(again, secondreader.ErrTampered) && err == nil && state == len(d.states)-1 && inWords(sound.file, f.file):
			counts["impossible"]++ // words that no checkpoint has: the page counts as torn, and the other one as well holds all
			return
		case errors.Is(again, secondreader.ErrTampered) && err == nil:
			t.Fatalf("%s: the second reader sees that it was tampered with: %v", what, again)
		case errors.Is(again, secondreader.ErrTampered) && !errors.Is(err, engine.ErrTampered):
			t.Fatalf("%s: it was tampered with (%v), but the error is %v", what, again, err)
		case err == nil && state < len(d.states)-1 && bytes.Equal(f.log, sound.log):
			t.Fatalf("%s: an older state, %d of %d", what, state, len(d.states)-1)
		}
		switch {
		case errors.Is(err, engine.ErrTampered):
			counts["tampered"]++
		case err != nil:
			counts["refused"]++
		case state < len(d.states)-1:
			counts["older"]++
		default:
			counts["whole"]++
		}
	}
	for i, c := range sound.file {
		if c == 0 && i%61 != 0 {
			continue // most of that means nothing
		}
		for _, repair := range []bool{false, true} {
			f := files{file: slices.Clone(sound.file), log: sound.log}
			f.file[i] ^= 1 << (i % 8)
			if repair && i < 8192 {
				secondreader.Repair(f.file)
			} else if repair {
				continue
			}
			judge(fmt.Sprintf("byte %d of the file, repaired %v", i, repair), f)
		}
	}
	for i := range sound.log {
		for _, repair := range []bool{false, true} {
			f := files{file: sound.file, log: slices.Clone(sound.log)}
			f.log[i] ^= 1 << (i % 8)
			if repair {
				secondreader.RepairLog(f.file, sound.log, f.log)
			}
			judge(fmt.Sprintf("byte %d of the log, repaired %v", i, repair), f)
		}
	}
	t.Log(counts)
	for _, what := range []string{"tampered", "older", "whole"} {
		if counts[what] == 0 {
			t.Errorf("never %s", what)
		}
	}
}

// inWords reports whether a file differs from another one only in the words of a checkpoint.
func inWords(a, b []byte) bool {
	for i := range a {
		if a[i] != b[i] && (i >= 8192 || i%4096 >= 2048 && !isCRC(b, i)) {
			return false
		}
	}
	return true
}

// isCRC reports whether a byte of a meta page is of the CRC at the end of the crypto area.
func isCRC(file []byte, i int) bool {
	area := file[i&^4095+2048:]
	crc := 76 + 16*int(area[73]) + int(area[74])<<8 + int(area[75]) + 32
	return i%4096-2048 >= crc && i%4096-2048 < crc+4
}

// TestOldFilesPutBack puts files, logs and meta pages of all moments of a database together. What opens shows one
// commit, none newer than the newest part, and with all parts of one moment that moment's.
func TestOldFilesPutBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(5, seed))
		d := newSecretDB(t, rng, 3, 6, engine.Options{PageSize: 512, BlockSize: 64 << 10, AutoFlush: 1024, AutoMerge: 2, AutoCheckpoint: 1})
		counts := make(map[string]int)
		for i, f := range d.moments {
			for j, l := range append(d.moments, files{}) {
				state, err := d.show(files{file: f.file, log: l.log}, d.options)
				d.judgeOld(fmt.Sprintf("seed %d: file %d, log %d", seed, i, j), counts, state, err)
				if i == j && (err != nil || state != f.state && !maps.Equal(d.states[state], d.states[f.state])) {
					t.Fatalf("seed %d: both files of moment %d: state %d, %v; want %d", seed, i, state, err, f.state)
				}
			}
			for j, g := range d.moments {
				for page := range 2 {
					if len(f.file) < 8192 || len(g.file) < 8192 {
						continue
					}
					mixed := slices.Clone(f.file)
					copy(mixed[4096*page:][:4096], g.file[4096*page:])
					state, err := d.show(files{file: mixed, log: f.log}, d.options)
					d.judgeOld(fmt.Sprintf("seed %d: moment %d with meta page %d of %d", seed, i, page+1, j), counts, state, err)
				}
			}
		}
		t.Log(counts)
		if counts["shown"] == 0 || counts["refused"] == 0 {
			t.Errorf("%v", counts)
		}
	}
}

func (d *secretDB) judgeOld(what string, counts map[string]int, state int, err error) {
	d.t.Helper()
	switch {
	case err == nil:
		counts["shown"]++
	case errors.Is(err, engine.ErrTampered):
		counts["tampered"]++
		counts["refused"]++
	case errors.Is(err, engine.ErrCorrupt), errors.Is(err, engine.ErrCantOpen):
		counts["refused"]++
	default:
		d.t.Fatalf("%s: %v", what, err)
	}
}
