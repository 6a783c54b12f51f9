// SPDX-License-Identifier: Apache-2.0

package memfs

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// CrashMode says what becomes of what is not durable.
type CrashMode uint8

const (
	// CrashRandom decides by chance, for each sector, size and directory entry apart,
	// within the rules of the package comment.
	CrashRandom CrashMode = iota
	// CrashLoseAll loses all that is not durable.
	CrashLoseAll
	// CrashKeepAll keeps all that was written, as when a process is killed; it is
	// Clone.
	CrashKeepAll
)

// String returns the mode's name.
func (c CrashMode) String() string {
	switch c {
	case CrashRandom:
		return "random"
	case CrashLoseAll:
		return "lose all"
	case CrashKeepAll:
		return "keep all"
	}
	return fmt.Sprintf("crash mode %d", uint8(c))
}

// Crash returns the file system as it is found after power loss, without locks and
// open handles. The result depends on the operations so far, on rng and on mode, and on
// nothing else; rng is used by CrashRandom only. After CrashRandom and CrashLoseAll,
// what is found is durable.
//
// The original stays as it is, its handles go on working, and it can crash again: the
// fates of one moment can be tried at leisure.
func (m *FS) Crash(rng *rand.Rand, mode CrashMode) *FS {
	if mode == CrashKeepAll {
		return m.Clone()
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	found := New()
	for name, n := range m.durable {
		found.names[name] = n
	}
	var lossy *rand.Rand
	if mode == CrashRandom {
		lossy = rng
		// Few crashes would lose one change among many, or keep one, with even chances.
		chance := rng.IntN(5)
		for _, c := range m.pending {
			if rng.IntN(4) < chance {
				c.apply(found.names)
			}
		}
	}
	// A file may have two names after half a rename, and is one file then too.
	fates := make(map[*node]*node)
	for _, name := range sortedNames(found.names) {
		n := found.names[name]
		if fates[n] == nil {
			fates[n] = n.crash(lossy)
		}
		found.names[name] = fates[n]
		found.durable[name] = fates[n]
	}
	return found
}

// Clone returns a copy as another process finds it that opens the files after this one
// was killed: everything written is there, no locks are held, and what was not durable
// is still not.
func (m *FS) Clone() *FS {
	m.mu.Lock()
	defer m.mu.Unlock()
	copies := make(map[*node]*node)
	copied := func(n *node) *node {
		if n == nil {
			return nil
		}
		if copies[n] == nil {
			copies[n] = n.clone()
		}
		return copies[n]
	}
	clone := New()
	for name, n := range m.names {
		clone.names[name] = copied(n)
	}
	for name, n := range m.durable {
		clone.durable[name] = copied(n)
	}
	for _, c := range m.pending {
		c.node = copied(c.node)
		clone.pending = append(clone.pending, c)
	}
	return clone
}

// fate is what becomes of a sector in doubt.
type fate uint8

const (
	kept fate = iota
	lost
	garbage
)

// temper is the chances of the three fates, in parts of their sum. A crash that treats
// all sectors alike would hardly ever show a file where a single sector is bad, or a
// single one good, so every file draws one of these.
type temper [3]int

var tempers = []temper{
	{1, 1, 1}, {1, 1, 0}, {12, 1, 1}, {1, 12, 1}, {1, 1, 12}, {1, 0, 0}, {0, 1, 0},
}

func (t temper) draw(rng *rand.Rand) fate {
	r := rng.IntN(t[kept] + t[lost] + t[garbage])
	switch {
	case r < t[kept]:
		return kept
	case r < t[kept]+t[lost]:
		return lost
	}
	return garbage
}

// crash returns the file as it is found. A nil rng loses all that is in doubt. The
// result shares no content that n may still write in place: such content is in doubt,
// and of that it takes copies.
func (n *node) crash(rng *rand.Rand) *node {
	size, chances := n.syncedSize, temper{lost: 1}
	if rng != nil {
		size = n.crashSize(rng)
		chances = tempers[rng.IntN(len(tempers))]
	}
	found := &node{
		perm: n.perm, size: size, syncedSize: size, lowSize: size, highSize: size,
		slots: make([]slot, chunks(size)),
	}
	for i := range found.slots[:min(len(found.slots), len(n.slots))] {
		found.slots[i] = slot{now: n.slots[i].now, synced: n.slots[i].now}
	}
	for _, i := range n.inDoubt {
		if i < len(found.slots) {
			c := n.slots[i].crash(rng, chances)
			found.slots[i] = slot{now: c, synced: c}
		}
	}
	// The rest of the last chunk is zero, as everywhere. An untouched chunk may have
	// more than is left of it, so it is written as a copy.
	if i, at := split(size); at > 0 && found.slots[i].now != nil {
		c := *found.slots[i].now
		clear(c[at:])
		found.slots[i] = slot{now: &c, synced: &c}
	}
	return found
}

// crashSize draws one of the sizes that the file had since its last sync, or may have
// had while a write was on its way.
func (n *node) crashSize(rng *rand.Rand) int64 {
	if n.lowSize == n.highSize {
		return n.size
	}
	switch rng.IntN(8) {
	case 0, 1, 2:
		return n.size
	case 3, 4:
		return n.syncedSize
	case 5:
		return n.lowSize
	case 6:
		return n.highSize
	}
	between := n.lowSize + rng.Int64N(n.highSize-n.lowSize)
	return max(n.lowSize, between/sectorSize*sectorSize)
}

// crash returns the content of a slot in doubt as it is found.
func (s *slot) crash(rng *rand.Rand, chances temper) content {
	if rng == nil {
		return s.synced
	}
	found := new([chunkSize]byte)
	if s.now != nil {
		*found = *s.now
	}
	for sector := range sectorsPerChunk {
		if (s.touched|s.dropped)&(1<<sector) == 0 {
			continue
		}
		from, to := sector*sectorSize, (sector+1)*sectorSize
		switch chances.draw(rng) {
		case kept:
		case lost:
			s.restore(found, from, to)
		case garbage:
			s.damage(found, from, to, rng)
		}
	}
	return found
}

// restore sets bytes from..to of found to what they were at the last sync.
func (s *slot) restore(found content, from, to int) {
	if s.synced != nil {
		copy(found[from:to], s.synced[from:to])
	} else {
		clear(found[from:to])
	}
}

// damage makes garbage of bytes from..to of found, which are the newest: noise, zeros,
// or a sector that is new up to some byte and old from there.
func (s *slot) damage(found content, from, to int, rng *rand.Rand) {
	switch rng.IntN(4) {
	case 0:
		clear(found[from:to])
	case 1:
		s.restore(found, from+1+rng.IntN(sectorSize-1), to)
	default:
		for i := from; i < to; i += 8 {
			binary.LittleEndian.PutUint64(found[i:], rng.Uint64())
		}
	}
}
