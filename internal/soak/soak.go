// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// maxLog is Options.MaxLog of all databases, cacheSize and autoFlush their options of these names.
const (
	maxLog    = 4 << 20
	cacheSize = 4 << 20
	autoFlush = 1 << 20
)

// Databases is how many databases a Soak has.
const Databases = 4

// Soak is several databases in different modes.
type Soak struct {
	dbs [Databases]*database
}

// database is one of them.
type database struct {
	mu      sync.Mutex // held by the goroutine that uses it
	path    string
	options engine.Options
	db      *engine.DB
	m       *model
	lazy    bool // nothing is flushed, merged, optimized or made a checkpoint but by the database itself
	rng     *rand.Rand
	held    *held
	key     []byte // to build keys and values in
	value   []byte
	got     []byte
	ops     int
	counts  map[string]int
}

// held is a snapshot that is held while others write, with some keys and their versions.
type held struct {
	snap *engine.Snapshot
	keys []change
	left int // steps until it is compared
}

// New makes a Soak whose files are in a folder.
func New(folder string) *Soak {
	s := new(Soak)
	secret := keys.Raw(bytes.Repeat([]byte{7}, keys.Size))
	for i := range s.dbs {
		o := engine.Options{AutoFlush: autoFlush, AutoCheckpoint: 2 << 20, MaxLog: maxLog, CacheSize: cacheSize, IndexSize: 2 << 20}
		switch i {
		case 1:
			o.Compression, o.Background, o.Safety = "lz4", engine.BackgroundBoth, engine.SafetyOff
		case 2:
			o.Key, o.Background, o.PageSize = secret, engine.BackgroundCheckpointer, 1024
		case 3:
			o.Compression, o.Key, o.Background, o.BlockSize = "zstd", secret, engine.BackgroundMerger, 256<<10
		}
		s.dbs[i] = &database{path: filepath.Join(folder, fmt.Sprintf("soak-%d", i)), options: o, m: newModel(), lazy: i%2 == 0}
	}
	return s
}

// Run does about so many operations on one of the databases, waits for it if another goroutine uses it, and returns how
// many it did, and how many of each kind, with how large the files were at the end.
func (s *Soak) Run(unit uint64, ops int) (done int, counts map[string]int, err error) {
	d := s.dbs[unit%Databases]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops, d.counts = 0, make(map[string]int)
	d.rng = rand.New(rand.NewPCG(unit, 13))
	for d.ops < ops {
		if err := d.step(); err != nil {
			return d.ops, d.counts, fmt.Errorf("%s: %w", d.path, err)
		}
	}
	if err := d.bounded(); err != nil {
		return d.ops, d.counts, fmt.Errorf("%s: %w", d.path, err)
	}
	return d.ops, d.counts, nil
}

// Close closes the databases.
func (s *Soak) Close() error {
	var err error
	for _, d := range s.dbs {
		d.mu.Lock()
		err = errors.Join(err, d.close())
		d.mu.Unlock()
	}
	return err
}

func (d *database) count(kind string, n int) {
	d.ops += n
	d.counts[kind] += n
}

// step does one thing.
func (d *database) step() error {
	if d.db == nil {
		return d.open()
	}
	if d.held != nil {
		if d.held.left--; d.held.left < 0 {
			if err := d.letGo(); err != nil {
				return err
			}
		}
	}
	switch n := d.rng.IntN(10_000); {
	case n < 5500:
		return d.write()
	case n < 9000:
		return d.get()
	case n < 9700:
		return d.scan()
	case n < 9900:
		return d.hold()
	case n < 9985:
		if !d.lazy {
			return d.maintain()
		}
	case n < 9990:
		d.count("check", 1)
		for p := range d.db.Check(context.Background()) {
			return fmt.Errorf("check: %v", p)
		}
	case n < 9993:
		if d.lazy {
			return nil
		}
		d.count("optimize", 1)
		return d.db.Optimize(context.Background())
	case n < 9996:
		return d.backup()
	default:
		if d.lazy && d.rng.IntN(12) > 0 { // closing flushes
			return nil
		}
		d.count("reopening", 1)
		return d.close()
	}
	return nil
}

func (d *database) open() (err error) {
	d.db, err = engine.Open(context.Background(), d.path, d.options)
	return err
}

func (d *database) close() error {
	if d.db == nil {
		return nil
	}
	if err := d.letGo(); err != nil {
		return err
	}
	err := d.db.Close()
	d.db = nil
	return err
}

// write commits a transaction, or rolls it back.
func (d *database) write() error {
	tx, err := d.db.Begin(context.Background())
	if err != nil {
		return err
	}
	if err := d.inTx(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if d.rng.IntN(20) == 0 {
		d.count("rollback", 1)
		d.m.rollback(0)
		return tx.Rollback()
	}
	d.count("commit", 1)
	d.m.commit()
	return tx.Commit(context.Background())
}

// inTx does up to 64 operations in a transaction, some of them at a level that is rolled back.
func (d *database) inTx(tx *engine.Tx) error {
	level, mark := 0, 0
	for range 1 + d.rng.IntN(64) {
		n := d.rng.IntN(numKeys)
		d.key = keyOf(d.key, n)
		var err error
		switch k := d.rng.IntN(100); {
		case k < 75:
			v := d.m.next
			d.m.next++
			d.m.set(n, v)
			d.value = valueOf(d.value, n, v)
			d.count("put", 1)
			err = tx.Put(d.key, d.value)
		case k < 88:
			d.m.set(n, 0)
			d.count("delete", 1)
			err = tx.Delete(d.key)
		case k < 90:
			err = d.deleteRange(tx, n)
		case k < 98:
			err = d.compare(tx.Get, n, d.m.version[n])
		case level == 0:
			if level, err = tx.Begin(); err == nil {
				mark = d.m.mark()
			}
		default:
			d.count("rollback of a level", 1)
			d.m.rollback(mark)
			if err = tx.RollbackTo(level); err == nil {
				err = tx.CommitTo(level - 1)
			}
			level = 0
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteRange deletes the keys after n up to one of the next.
func (d *database) deleteRange(tx *engine.Tx, n int) error {
	end := min(n+2+d.rng.IntN(40), numKeys-1)
	for i := n + 1; i < end; i++ {
		d.m.set(i, 0)
	}
	d.count("delete of a range", 1)
	return tx.DeleteRange(d.key, keyOf(nil, end))
}

// compare gets a key and compares it with the version that it should have.
func (d *database) compare(get func(dst, key []byte) ([]byte, bool, error), n int, version uint32) error {
	d.key = keyOf(d.key, n)
	got, found, err := get(d.got[:0], d.key)
	if err != nil {
		return err
	}
	d.got = got
	d.count("get", 1)
	return d.same(n, version, found, got)
}

// same compares a row with what it should be.
func (d *database) same(n int, version uint32, found bool, got []byte) error {
	if found != (version != 0) {
		return fmt.Errorf("key %d: found is %v, and its version is %d", n, found, version)
	}
	if d.value = valueOf(d.value, n, version); found && !bytes.Equal(got, d.value) {
		return fmt.Errorf("key %d, version %d: the value has %d bytes, not these %d", n, version, len(got), len(d.value))
	}
	return nil
}

// get gets some keys.
func (d *database) get() error {
	for range 32 {
		n := d.rng.IntN(numKeys)
		if err := d.compare(d.db.Get, n, d.m.version[n]); err != nil {
			return err
		}
	}
	return nil
}

// scan reads some rows in order.
func (d *database) scan() (err error) {
	c, err := d.db.Cursor(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	from := d.rng.IntN(numKeys)
	want := d.m.after(from)
	ok := c.Seek(keyOf(d.key, from), engine.SeekGE)
	for range d.rng.IntN(200) {
		if !ok {
			break
		}
		if err := d.row(c, want); err != nil {
			return err
		}
		want = d.m.after(want + 1)
		ok = c.Next()
	}
	if c.Err() == nil && !ok && want < numKeys {
		return fmt.Errorf("a scan ends before key %d", want)
	}
	return c.Err()
}

// row compares the row of a cursor with that of key n.
func (d *database) row(c *engine.Cursor, n int) error {
	got, ok := numberOf(c.Key())
	if !ok || got != n {
		return fmt.Errorf("a scan comes to key %q, not to %d", c.Key(), n)
	}
	v, err := c.Value()
	if err != nil {
		return err
	}
	d.count("row of a scan", 1)
	return d.same(n, d.m.version[n], true, v)
}

// hold holds a snapshot for some time.
func (d *database) hold() error {
	if d.held != nil {
		return nil
	}
	snap, err := d.db.Snapshot(context.Background())
	if err != nil {
		return err
	}
	d.held = &held{snap: snap, left: d.rng.IntN(100)}
	for range 32 {
		n := d.rng.IntN(numKeys)
		d.held.keys = append(d.held.keys, change{n, d.m.version[n]})
	}
	d.count("held snapshot", 1)
	return nil
}

// letGo compares what the held snapshot shows with what it showed, and ends it.
func (d *database) letGo() error {
	h := d.held
	if h == nil {
		return nil
	}
	d.held = nil
	var err error
	for _, k := range h.keys {
		err = errors.Join(err, d.compare(h.snap.Get, k.key, k.was))
	}
	return errors.Join(err, h.snap.Close())
}

func (d *database) maintain() error {
	ctx := context.Background()
	var err error
	switch d.rng.IntN(3) {
	case 0:
		d.count("flush", 1)
		err = d.db.Flush(ctx)
	case 1:
		d.count("checkpoint", 1)
		_, err = d.db.Checkpoint(ctx)
	default:
		d.count("merge", 1)
		_, err = d.db.Work(ctx, engine.WorkOptions{Merge: d.rng.IntN(4), Pages: 1 + d.rng.IntN(500)})
	}
	return err
}

// backup copies the database and compares the copy.
func (d *database) backup() error {
	ctx := context.Background()
	d.count("backup", 1)
	to := d.path + "-copy"
	if err := d.db.Backup(ctx, to, engine.BackupOptions{Replace: true}); err != nil {
		return err
	}
	db, err := engine.Open(ctx, to, engine.Options{ReadOnly: true, MustExist: true, Key: d.options.Key, CacheSize: cacheSize})
	if err != nil {
		return err
	}
	return errors.Join(d.whole(db), db.Close())
}

// whole compares all rows of a database with the model.
func (d *database) whole(db *engine.DB) (err error) {
	c, err := db.Cursor(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	want := d.m.after(0)
	for ok := c.First(); ok; ok = c.Next() {
		if err := d.row(c, want); err != nil {
			return err
		}
		want = d.m.after(want + 1)
	}
	if c.Err() == nil && want < numKeys {
		return fmt.Errorf("a copy ends before key %d", want)
	}
	return c.Err()
}

// Factors of the bounds of files: that of the database is maxFile times what the rows have, and maxFileRest besides.
const (
	maxFile     = 4
	maxFileRest = 32 << 20
)

// bounded wants the files to be of bounded length.
func (d *database) bounded() error {
	if d.db == nil {
		return nil
	}
	s := d.db.Stats()
	if most := maxFile*d.m.bytes + maxFileRest; s.FileBytes > most {
		return fmt.Errorf("the file has %d bytes, its %d rows %d: more than %d", s.FileBytes, d.m.rows, d.m.bytes, most)
	}
	kind := "files without rows"
	if d.m.bytes > 0 {
		kind = fmt.Sprintf("file: %d to %d times its rows", s.FileBytes/d.m.bytes, s.FileBytes/d.m.bytes+1)
	}
	d.counts[kind]++
	d.counts[fmt.Sprintf("log: %2d to %2d MiB", s.LogFileBytes>>21<<1, s.LogFileBytes>>21<<1+2)]++
	if s.LogFileBytes > 4*maxLog {
		return fmt.Errorf("the log has %d bytes", s.LogFileBytes)
	}
	return nil
}
