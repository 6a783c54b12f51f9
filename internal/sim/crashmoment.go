// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// before is called before each operation that changes a file.
func (c *crasher) before(op faultfs.Op) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.moment(op)
	}
}

func (c *crasher) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// note counts the rare conditions that the database is in.
func (c *crasher) note() {
	log, s := c.db.LogStructure(), c.db.Stats()
	var freelistOnly, halfDone, halfAbove bool
	levels := c.db.Structure()
	for i, l := range levels {
		freelistOnly = freelistOnly || l.FreelistOnly
		halfDone = halfDone || len(l.Segments) > 1
		halfAbove = halfAbove || len(l.Segments) > 1 && i+1 < len(levels)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, is := range map[string]bool{
		"log has wrapped":          log[0].End > 0,
		"log has jumped over":      log[1].End > 0,
		"five blocks or more":      s.Blocks >= 5,
		"free blocks":              s.FreeBlocks > 0,
		"free-list level":          freelistOnly,
		"half-done merge":          halfDone,
		"half-done merge above":    halfAbove,
		"five segments or more":    s.Segments >= 5,
		"tree that waits":          s.OldBytes > 0,
		"no checkpoint of its own": s.Checkpoints == 0,
	} {
		if is {
			c.stats.Rare[what]++
		}
	}
}

// moment tries all crashes that may come before an operation. What may be found is taken
// before the copies and after: in between, other goroutines may go on.
func (c *crasher) moment(op faultfs.Op) error {
	rng := c.fork(op.N)
	if c.Sparse > 1 && rng.IntN(c.Sparse) > 0 {
		return nil
	}
	c.stats.Moments++
	modes := []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll}
	for range c.Fates {
		modes = append(modes, memfs.CrashRandom)
	}
	earliest := c.history.Moment()
	found := make([]*memfs.FS, len(modes))
	for i, mode := range modes {
		found[i] = c.base.Crash(rng, mode)
	}
	then := c.history.Moment().Since(earliest)
	kind := kindOf(op)
	for i, mode := range modes {
		if c.known(found[i], then, mode) {
			continue
		}
		c.stats.Cases++
		c.stats.Kinds[kind]++
		c.stats.Kinds["during: "+c.doing]++
		c.stats.Kinds[fates[mode]]++
		err := caught(func() error {
			if err := c.secret(found[i], then); err != nil {
				return err
			}
			if err := c.lookAtCopy(found[i], op, i); err != nil {
				return err
			}
			return c.afterwards(found[i], then, mode, op.N*16+i)
		})
		if err != nil {
			return fmt.Errorf("crash before %v in %s (%v, %d of %d): %w", op, c.doing, mode, i+1, len(modes), err)
		}
	}
	return nil
}

// fates names the crash modes in reports.
var fates = map[memfs.CrashMode]string{
	memfs.CrashKeepAll: "fate: the process is killed, all is kept",
	memfs.CrashLoseAll: "fate: all that is in doubt is lost",
	memfs.CrashRandom:  "fate: by sector kept, lost or garbage",
}

// sighting is what a crash left, and what may be found there.
type sighting struct {
	files    uint64 // a hash of them
	extreme  memfs.CrashMode
	floor, n int // of the history
	pending  bool
}

// known reports whether the same files were looked at already, when the same could be found in them, and
// remembers them.
func (c *crasher) known(fs *memfs.FS, h *enginetest.History, mode memfs.CrashMode) bool {
	at := sighting{files: hashOf(fs)}
	if !c.seen[at] {
		c.seen[at] = true
		c.stats.Distinct++
	}
	at.extreme, at.floor, at.n, at.pending = mode, h.Floor, len(h.States), h.Pending != nil
	if c.seen[at] {
		return true
	}
	c.seen[at] = true
	if mode != memfs.CrashRandom {
		at.extreme = memfs.CrashRandom // what chance makes of them is known as well then
		c.seen[at] = true
	}
	return false
}

// hashSeed is that of all hashes of this process.
var hashSeed = maphash.MakeSeed()

// hashOf returns a hash of all files and their names.
func hashOf(fs *memfs.FS) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	for _, name := range fs.Names() {
		data, _ := fs.ReadFile(name) // the names are those of the files
		h.WriteString(name)
		h.Write(data)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// afterwards looks at what a crash has left. n makes it different from other cases.
func (c *crasher) afterwards(fs *memfs.FS, then *enginetest.History, mode memfs.CrashMode, n int) error {
	if c.anything(mode) {
		c.wreck(fs, n)
		return nil
	}
	allowed := c.allowed(then, mode)
	at, inFile, err := c.look(fs, then, allowed, n)
	if err != nil {
		return err
	}
	if mode == memfs.CrashLoseAll && inFile {
		// What survives the loss of all that is in doubt is durable, and stays it. Only
		// what is in the log may go again: the next commit writes to its last sector.
		lowest := slices.IndexFunc(allowed, allowed[at].Equal)
		c.history.Durable(min(then.Floor+lowest, len(then.States)-1))
	}
	return c.goOn(fs, historyAfter(then, allowed, at, mode, inFile), n)
}

// historyAfter returns the history of a database that was found in the at-th of the
// allowed states. Of what was found in the log nothing is certain: after a kill it was
// only written, and after power loss its last sector, if the commits in it were made at
// safety normal, is written to again by the next commit.
func historyAfter(then *enginetest.History, allowed []enginetest.Map, at int, mode memfs.CrashMode, inFile bool) *enginetest.History {
	h := enginetest.NewHistory(allowed[at])
	switch {
	case mode == memfs.CrashKeepAll:
		h.States = append(slices.Clone(then.AfterPowerLoss()), allowed[at])
	case !inFile:
		h.States = slices.Clone(allowed[:at+1])
	}
	return h
}

// wreck uses a database that may be in any condition.
func (c *crasher) wreck(fs *memfs.FS, n int) {
	if !c.abuse(fs, n) {
		c.stats.Refused++
	}
}

// goOn works in a database that was found after a crash, crashes it once more, closes
// it, and opens it again.
func (c *crasher) goOn(found *memfs.FS, h *enginetest.History, n int) error {
	rng := c.fork(n)
	fs := faultfs.Wrap(found)
	r := c.runnerAfter(rng, fs, h)
	var again error
	countdown := 1 + rng.IntN(12)
	fs.OnOp(func(op faultfs.Op) {
		if countdown--; countdown == 0 {
			c.stats.Cases++
			c.stats.Kinds["a second one, in a database that was opened after the first"]++
			mode := memfs.CrashMode(rng.IntN(3))
			if c.anything(mode) {
				c.wreck(found.Crash(rng, mode), n)
				return
			}
			_, _, again = c.look(found.Crash(rng, mode), h, c.allowed(h, mode), n)
			if again != nil {
				again = fmt.Errorf("second crash, before %v (%v): %w", op, mode, again)
			}
		}
	})
	err := r.Run(8)
	if err == nil && r.Store != nil {
		err = r.Reopen()
	}
	if err == nil {
		err = r.Close()
	}
	if err == nil {
		err = again
	} else {
		err = fmt.Errorf("going on after the crash: %w", err)
	}
	if err != nil {
		return withTrace(err, r)
	}
	return nil
}
