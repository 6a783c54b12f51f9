// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"slices"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// DamagedRange is a range of keys in which something cannot be read: rows of it may be missing, and rows
// that a scan shows there may be outdated, or may have been deleted. See Options.SkipDamaged.
type DamagedRange struct {
	From, To []byte // From is in the range, To is not; a nil To is no bound, as is an empty From
	Page     int64  // the first page that could not be read, or at which it was noticed
	Detail   string // what is wrong with it
}

// MaxSkippedRanges is how many ranges are remembered. When there are more, two that are next to each other become
// one, with what lies between them.
const MaxSkippedRanges = 1000

// Skipped returns the ranges that could not be read since the database was opened, with Options.SkipDamaged, in order;
// none touches another. Outside them everything that was read is right. They are those that readers have come to: to
// know all, read everything, or call Check. At most MaxSkippedRanges are remembered.
func (db *DB) Skipped() []DamagedRange {
	db.skipped.Lock()
	defer db.skipped.Unlock()
	return slices.Clone(db.skipped.list)
}

// skippedRanges is a list of ranges, none of which touches another.
type skippedRanges struct {
	sync.Mutex
	list []DamagedRange
}

// add adds a range, and reports whether that tells something new. The caller has the mutex.
func (s *skippedRanges) add(r DamagedRange) bool {
	// Of the ranges i to j, r is the union.
	i, _ := slices.BinarySearchFunc(s.list, r.From, func(o DamagedRange, from []byte) int {
		if o.To != nil && bytes.Compare(o.To, from) < 0 {
			return -1
		}
		return 1
	})
	j := i
	for j < len(s.list) && (r.To == nil || bytes.Compare(s.list[j].From, r.To) <= 0) {
		j++
	}
	if j == i+1 && s.list[i].contains(r) {
		return false
	}
	for _, o := range s.list[i:j] {
		r = o.with(r)
	}
	s.list = slices.Replace(s.list, i, j, r)
	if len(s.list) > MaxSkippedRanges {
		i = min(i, len(s.list)-2)
		s.list = slices.Replace(s.list, i, i+2, s.list[i].with(s.list[i+1]))
	}
	return true
}

func (r DamagedRange) contains(o DamagedRange) bool {
	return bytes.Compare(r.From, o.From) <= 0 && (r.To == nil || o.To != nil && bytes.Compare(o.To, r.To) <= 0)
}

// with returns the range from the beginning of r or o to the end of the other one, with what is known of r.
func (r DamagedRange) with(o DamagedRange) DamagedRange {
	if bytes.Compare(o.From, r.From) < 0 {
		r.From = o.From
	}
	if r.To != nil && (o.To == nil || bytes.Compare(o.To, r.To) > 0) {
		r.To = o.To
	}
	return r
}

// skips reports whether readers of this handle read around what is damaged. Those of what another process writes do
// not: what that process does not keep any more is not damaged.
func (db *DB) skips() bool {
	return db.opts.now().SkipDamaged && (db.attached == nil || db.attached.atRest())
}

// met notes a range that a reader could not read.
func (db *DB) met(g *segment.Gap) {
	r := DamagedRange{From: g.From, To: g.To, Page: int64(g.Page), Detail: g.Err.Error()}
	db.skipped.Lock()
	fresh := db.skipped.add(r)
	db.skipped.Unlock()
	if fresh && db.obs.Skipped != nil {
		db.obs.Skipped(SkipEvent{DB: db, Range: r})
	}
}

// skipDamaged makes a cursor that has just been taken one that reads around what is damaged.
func (c *Cursor) skipDamaged(st *snapshot.State) {
	c.c.InitAround(st.Live, st, c.db.met)
}

// getAround looks a key up once more that could not be found out, err being why, around what is damaged.
func (db *DB) getAround(dst, key []byte, st *snapshot.State, err error) (value []byte, found bool, _ error) {
	if !db.skips() {
		return dst, false, err
	}
	return cursor.GetAround(dst, key, st, db.met)
}

// valueLenAround is getAround for ValueLen.
func (db *DB) valueLenAround(key []byte, st *snapshot.State, err error) (n int, found bool, _ error) {
	value, found, err := db.getAround(nil, key, st, err)
	return len(value), found, err
}

// getShortAround is getAround for GetShort.
func (db *DB) getShortAround(dst, key []byte, most int, st *snapshot.State, err error) (value []byte, n int, found bool, _ error) {
	v, found, err := db.getAround(nil, key, st, err)
	return cursor.AppendShort(dst, v, most), len(v), found, err
}
