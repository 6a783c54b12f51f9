// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// DamagePlace is the part of a database that is damaged.
type DamagePlace uint8

// The parts.
const (
	DamageMeta DamagePlace = iota // a meta page
	DamageData                    // the database file after the meta pages
	DamageLog
)

// String names the part.
func (p DamagePlace) String() string { return [...]string{"meta", "data", "log"}[p] }

// DamageStats counts the results of damages.
type DamageStats struct {
	Damages int // changed files that were opened
	Refused int // Open failed, or a read, or the check, and said so
	Whole   int // everything was there
	// Cut counts logs of which the transactions from some point on are not there: a loss of
	// power leaves the same.
	Cut int
	// Wrong counts databases that show something else without an error, though not an older
	// state or an empty one: a page whose check of 13 bits fits by chance, or a log in which
	// the highest bits of two or three words of 32 bits were flipped, which lsm1's checksum
	// may miss.
	Wrong int
}

// Add adds the counts of another run.
func (s *DamageStats) Add(o DamageStats) {
	s.Damages += o.Damages
	s.Refused += o.Refused
	s.Whole += o.Whole
	s.Cut += o.Cut
	s.Wrong += o.Wrong
}

// damagedDB is a database whose files are damaged again and again.
type damagedDB struct {
	key    []byte // encrypts; nil: nothing is encrypted
	files  map[string][]byte
	states []map[string]string // that were committed, the newest one last
}

// Damage makes a random database, which was closed or killed in the end, and damages one part
// of it in many ways, each time a fresh copy: bits flipped, a sector of zeros or of noise. A
// database that opens without an error must hold everything. With a key the database is encrypted; then every other
// damage is one on purpose, with the checksums repaired, and what opens never shows what was not committed.
func Damage(seed uint64, place DamagePlace, killed bool, damages int, key []byte) (stats DamageStats, err error) {
	rng := rand.New(rand.NewPCG(seed, 99))
	d, err := newDamagedDB(rng, killed, key)
	if err != nil {
		return stats, fmt.Errorf("seed %d: %w", seed, err)
	}
	for i := range damages {
		var what string
		err := caught(func() (err error) {
			what, err = d.try(rng, place, &stats)
			return err
		})
		if err != nil {
			return stats, fmt.Errorf("seed %d, killed %v, damage %d, %s: %w", seed, killed, i, what, err)
		}
	}
	return stats, nil
}

// newDamagedDB makes a database in several sessions.
func newDamagedDB(rng *rand.Rand, killed bool, key []byte) (*damagedDB, error) {
	ctx := context.Background()
	fs := memfs.New()
	d := &damagedDB{key: key, states: []map[string]string{{}}}
	sessions := 2 + rng.IntN(3)
	for session := range sessions {
		o := engine.Options{
			FS: fs, PageSize: 512, BlockSize: 64 << 10, AutoFlush: 4096 << rng.IntN(4), AutoMerge: 2 + rng.IntN(3),
		}
		encrypt(&o, key, 0)
		db, err := engine.Open(ctx, path, o)
		if err != nil {
			return nil, err
		}
		commits := 1 + rng.IntN(40)
		if rng.IntN(2) == 0 {
			commits = 1 + rng.IntN(3) // nothing is flushed
		}
		for range commits {
			next := maps.Clone(d.states[len(d.states)-1])
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for range 1 + rng.IntN(10) {
					key, value := fmt.Sprintf("k%04d", rng.IntN(400)), fmt.Sprintf("%d.%0*d", session, rng.IntN(200), rng.Uint32())
					next[key] = value
					if err := tx.Put([]byte(key), []byte(value)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			d.states = append(d.states, next)
			if rng.IntN(15) == 0 {
				if _, err := db.Checkpoint(ctx); err != nil {
					return nil, err
				}
			}
		}
		left := fs.Clone()
		if err := db.Close(); err != nil {
			return nil, err
		}
		if killed && session == sessions-1 {
			fs = left
		}
	}
	d.files = make(map[string][]byte)
	for _, name := range fs.Names() {
		data, err := fs.ReadFile(name)
		if err != nil {
			return nil, err
		}
		d.files[name] = data
	}
	return d, nil
}

// try damages a copy and opens it.
func (d *damagedDB) try(rng *rand.Rand, place DamagePlace, stats *DamageStats) (what string, err error) {
	name, from, to := path, 0, 2*4096
	switch place {
	case DamageData:
		from, to = 2*4096, len(d.files[path])
	case DamageLog:
		name, to = path+"-log", len(d.files[path+"-log"])
	}
	if from >= to {
		return "", nil // there is no such part
	}
	fs := memfs.New()
	files := maps.Clone(d.files)
	files[name] = slices.Clone(files[name])
	what = damage(rng, files[name][from:to])
	if d.key != nil && repair(rng, place, files[path], d.files[path+"-log"], files[path+"-log"]) {
		what += ", checksums repaired"
	}
	for n, data := range files {
		if err := fs.WriteFile(n, data); err != nil {
			return what, err
		}
	}
	what = fmt.Sprintf("%v: %s", place, what)
	stats.Damages++
	got, err := readAll(fs, rng.IntN(2) == 0, d.key)
	if err != nil {
		if !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrCantOpen) && !errors.Is(err, engine.ErrMismatch) {
			return what, fmt.Errorf("not a typed error: %w", err)
		}
		stats.Refused++
		return what, nil
	}
	return what, d.judge(got, place, stats)
}

// damage changes bytes and says how.
func damage(rng *rand.Rand, b []byte) string {
	sector := rng.IntN((len(b)+511)/512) * 512
	in := b[sector:min(sector+512, len(b))]
	switch rng.IntN(4) {
	case 0:
		clear(in)
		return fmt.Sprintf("sector at %d cleared", sector)
	case 1:
		for i := range in {
			in[i] = byte(rng.Uint32())
		}
		return fmt.Sprintf("sector at %d made noise", sector)
	}
	bits := 1 + rng.IntN(3)
	var at []int
	for range bits {
		at = append(at, rng.IntN(len(b)*8))
		b[at[len(at)-1]/8] ^= 1 << (at[len(at)-1] % 8)
	}
	return fmt.Sprintf("bits %v flipped", at)
}

// readAll opens a database and reads everything.
func readAll(fs *memfs.FS, readOnly bool, key []byte) (map[string]string, error) {
	o := engine.Options{FS: fs, ReadOnly: readOnly}
	encrypt(&o, key, 0)
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		return nil, err
	}
	got, err := enginetest.Rows(db)
	if closed := db.Close(); err == nil && closed != nil && !errors.Is(closed, engine.ErrCorrupt) {
		err = closed
	}
	return got, err
}

// judge compares what a damaged database shows with what was committed.
func (d *damagedDB) judge(got map[string]string, place DamagePlace, stats *DamageStats) error {
	newest := len(d.states) - 1
	if maps.Equal(got, d.states[newest]) {
		stats.Whole++
		return nil
	}
	for i := range newest {
		if !maps.Equal(got, d.states[i]) {
			continue
		}
		if place != DamageLog {
			return fmt.Errorf("it shows state %d of %d, with %d rows, and no error", i, newest, len(got))
		}
		stats.Cut++
		return nil
	}
	if place == DamageMeta || d.key != nil {
		return fmt.Errorf("it shows %d rows that were never committed so", len(got))
	}
	stats.Wrong++
	return nil
}

// repair makes the checksums of a damaged part agree with its bytes.
func repair(rng *rand.Rand, place DamagePlace, file, sound, log []byte) bool {
	if rng.IntN(2) == 0 {
		return false
	}
	switch place {
	case DamageMeta:
		secondreader.Repair(file)
	case DamageLog:
		secondreader.RepairLog(file, sound, log)
	}
	return true
}
