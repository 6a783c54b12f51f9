// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// damageBlock is the size of the blocks of all damaged databases.
const damageBlock = 64 << 10

// damagedDB is a database whose files are damaged again and again.
type damagedDB struct {
	key     []byte // encrypts; nil: nothing is encrypted
	options engine.Options
	fs      *memfs.FS
	files   map[string][]byte
	older   map[string][][]byte // what the files were at earlier times
	states  []map[string]string // that were committed, the newest one last
	ever    map[string]map[string]bool
}

// newDamagedDB makes a database in several sessions.
func newDamagedDB(rng *rand.Rand, killed bool, key []byte) (*damagedDB, error) {
	ctx := context.Background()
	fs := memfs.New()
	d := &damagedDB{key: key, states: []map[string]string{{}}, older: make(map[string][][]byte), ever: make(map[string]map[string]bool)}
	d.options = engine.Options{
		PageSize: 256 << rng.IntN(5), BlockSize: damageBlock, AutoFlush: 4096 << rng.IntN(4), AutoMerge: 2 + rng.IntN(3),
		Compression: []string{"none", "none", "none", "lz4", "zlib", "zstd", "snappy"}[rng.IntN(7)],
	}
	encrypt(&d.options, key, rng.Uint64()%2)
	sessions := 2 + rng.IntN(3)
	for session := range sessions {
		o := d.options
		o.FS = fs
		db, err := engine.Open(ctx, path, o)
		if err != nil {
			return nil, err
		}
		commits := 1 + rng.IntN(40)
		if rng.IntN(2) == 0 {
			commits = 1 + rng.IntN(3) // nothing is flushed
		}
		for range commits {
			if err := d.commit(db, rng, session); err != nil {
				return nil, err
			}
			if rng.IntN(15) == 0 {
				if _, err := db.Checkpoint(ctx); err != nil {
					return nil, err
				}
				d.remember(fs)
			}
		}
		left := fs.Clone()
		if err := db.Close(); err != nil {
			return nil, err
		}
		if killed && session == sessions-1 {
			fs = left
		} else if session < sessions-1 {
			d.remember(fs)
		}
	}
	d.fs, d.files = fs, filesOf(fs)
	return d, nil
}

// commit commits a random transaction.
func (d *damagedDB) commit(db *engine.DB, rng *rand.Rand, session int) error {
	next := maps.Clone(d.states[len(d.states)-1])
	err := db.Update(context.Background(), func(tx *engine.Tx) error {
		for range 1 + rng.IntN(10) {
			key := fmt.Sprintf("k%04d", rng.IntN(400))
			switch rng.IntN(20) {
			case 0:
				delete(next, key)
				if err := tx.Delete([]byte(key)); err != nil {
					return err
				}
				continue
			case 1:
				end := fmt.Sprintf("k%04d", rng.IntN(400))
				maps.DeleteFunc(next, func(k, _ string) bool { return k > key && k < end })
				if err := tx.DeleteRange([]byte(key), []byte(end)); err != nil {
					return err
				}
				continue
			}
			width := rng.IntN(200)
			if rng.IntN(30) == 0 {
				width = rng.IntN(4 * d.options.PageSize)
			}
			value := fmt.Sprintf("%d.%0*d", session, width, rng.Uint32())
			next[key] = value
			if d.ever[key] == nil {
				d.ever[key] = make(map[string]bool)
			}
			d.ever[key][value] = true
			if err := tx.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
	d.states = append(d.states, next)
	return err
}

// remember keeps what the files are.
func (d *damagedDB) remember(fs *memfs.FS) {
	for name, data := range filesOf(fs) {
		d.older[name] = append(d.older[name], data)
	}
}

// filesOf returns all files.
func filesOf(fs *memfs.FS) map[string][]byte {
	files := make(map[string][]byte)
	for _, name := range fs.Names() {
		files[name], _ = fs.ReadFile(name) // the names are those of the files
	}
	return files
}

// newest returns the state that was committed last.
func (d *damagedDB) newest() map[string]string { return d.states[len(d.states)-1] }

// size returns how many bytes the files have.
func (d *damagedDB) size() (n int64) {
	for _, data := range d.files {
		n += int64(len(data))
	}
	return n
}
