// SPDX-License-Identifier: Apache-2.0

package memfs

import (
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

const (
	sectorSize      = 512
	chunkSize       = 4096
	sectorsPerChunk = chunkSize / sectorSize

	// maxFileBytes bounds what a stray offset can make us allocate.
	maxFileBytes = 64 << 30
)

// content is the bytes of a chunk. It is shared between slots, files and file systems
// and then written no more; nil stands for zeros.
type content = *[chunkSize]byte

// slot is one chunk of a file: as it is and as it was at the last sync.
type slot struct {
	now    content
	synced content
	// touched has a bit for each sector that was touched since the last sync, and dropped
	// one for each that a failed sync should have made durable and that was not touched
	// since. If both are 0, now and synced are the same pointer.
	touched, dropped uint8
	// wholePage says that touching one sector of the slot touches all that are dropped.
	wholePage bool
	// owned says that now belongs to this slot alone and may be written in place. Only
	// touched slots are owned.
	owned bool
}

// node is a file, whatever its names are. It is guarded by FS.mu.
//
// Bytes of slots after size are zero in now; those after syncedSize are zero in
// synced, unless the slot was evicted since. The slots reach at least to the larger of the two sizes.
type node struct {
	perm  fs.FileMode
	locks vfs.LockTable
	slots []slot
	// inDoubt lists the slots with a sector that is touched or dropped, once each.
	inDoubt []int
	// size is the length as seen, syncedSize that of the last sync; in between it went
	// down to lowSize and up to highSize.
	size, syncedSize  int64
	lowSize, highSize int64
}

// read fills p from off, as far as the file reaches, and returns the number of bytes.
func (n *node) read(p []byte, off int64) int {
	if off >= n.size {
		return 0
	}
	p = p[:min(int64(len(p)), n.size-off)]
	for done := 0; done < len(p); {
		i, at := split(off + int64(done))
		part := p[done:min(len(p), done+chunkSize-at)]
		if now := n.slots[i].now; now != nil {
			copy(part, now[at:])
		} else {
			clear(part)
		}
		done += len(part)
	}
	return len(p)
}

// write puts p at off, extending the file as needed.
func (n *node) write(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	if end := off + int64(len(p)); end > n.size {
		n.resize(end)
	}
	for len(p) > 0 {
		i, at := split(off)
		size := min(len(p), chunkSize-at)
		copy(n.writable(i, at, at+size)[at:], p[:size])
		p = p[size:]
		off += int64(size)
	}
}

// truncate sets the size and touches what is cut off.
func (n *node) truncate(size int64) {
	for off := size; off < n.size; {
		i, at := split(off)
		end := int(min(chunkSize, int64(at)+n.size-off))
		if at == 0 {
			// The whole chunk goes, so there is nothing to copy.
			n.touch(i, 0, end)
			n.slots[i].now, n.slots[i].owned = nil, false
		} else {
			clear(n.writable(i, at, end)[at:end])
		}
		off += int64(end - at)
	}
	n.resize(size)
}

// resize records a size; the bytes it adds are zero already.
func (n *node) resize(size int64) {
	n.size = size
	n.lowSize, n.highSize = min(n.lowSize, size), max(n.highSize, size)
	if need := chunks(size); need > len(n.slots) {
		n.slots = append(n.slots, make([]slot, need-len(n.slots))...)
	}
}

// writable touches bytes from..to of chunk i and returns content that may be written.
func (n *node) writable(i, from, to int) content {
	n.touch(i, from, to)
	s := &n.slots[i]
	if !s.owned {
		fresh := new([chunkSize]byte)
		if s.now != nil && (from > 0 || to < chunkSize) {
			*fresh = *s.now
		}
		s.now, s.owned = fresh, true
	}
	return s.now
}

// touch puts the sectors of bytes from..to of chunk i in doubt.
func (n *node) touch(i, from, to int) {
	s := &n.slots[i]
	if s.touched|s.dropped == 0 {
		n.inDoubt = append(n.inDoubt, i)
	}
	for sector := from / sectorSize; sector*sectorSize < to; sector++ {
		s.touched |= 1 << sector
	}
	if s.wholePage {
		s.touched |= s.dropped
	}
	s.dropped &^= s.touched
}

// sync ends all doubt, except about sectors that are dropped.
func (n *node) sync() {
	dropped := n.inDoubt[:0]
	for _, i := range n.inDoubt {
		s := &n.slots[i]
		if s.dropped == 0 || i >= chunks(n.size) {
			*s = slot{now: s.now, synced: s.now}
			continue
		}
		dropped = append(dropped, i)
		s.syncBut(int(min(n.size-int64(i)*chunkSize, chunkSize)))
	}
	n.inDoubt = dropped
	n.syncedSize, n.lowSize, n.highSize = n.size, n.size, n.size
	// What is dropped was cut off, so it is zero should the file grow over it again.
	n.slots = n.slots[:chunks(n.size)]
}

// syncBut makes a slot durable except for its dropped sectors. end is where the file ends
// in it.
func (s *slot) syncBut(end int) {
	synced := new([chunkSize]byte)
	if s.now != nil {
		*synced = *s.now
	}
	for sector := range sectorsPerChunk {
		if s.dropped&(1<<sector) != 0 {
			s.restore(synced, sector*sectorSize, (sector+1)*sectorSize)
		}
	}
	clear(synced[end:])
	s.synced, s.touched, s.owned = synced, 0, false
}

// failSync takes all that is touched for durable though it is not. The size stays in
// doubt. wholePages makes touching one sector of a page touch all of it that is dropped.
func (n *node) failSync(wholePages bool) {
	for _, i := range n.inDoubt {
		s := &n.slots[i]
		s.dropped |= s.touched
		s.touched, s.owned, s.wholePage = 0, false, wholePages
	}
}

// share gives up the right to write contents in place, because another node is about to refer to
// them.
func (n *node) share() {
	for _, i := range n.inDoubt {
		n.slots[i].owned = false
	}
}

// clone returns a node of its own with the same content and the same doubts, and
// without locks.
func (n *node) clone() *node {
	n.share()
	return &node{
		perm:       n.perm,
		slots:      append([]slot(nil), n.slots...),
		inDoubt:    append([]int(nil), n.inDoubt...),
		size:       n.size,
		syncedSize: n.syncedSize,
		lowSize:    n.lowSize,
		highSize:   n.highSize,
	}
}

// split returns the chunk of an offset and the place in it.
func split(off int64) (chunk, at int) {
	return int(off / chunkSize), int(off % chunkSize)
}

// chunks returns the number of chunks that size bytes need.
func chunks(size int64) int { return int((size + chunkSize - 1) / chunkSize) }
