// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash/crc32"
)

const (
	metaSize   = 4096 // from one meta page to the next
	metaUsable = 4066
	areaAt     = 2048
	areaFront  = 76 // before the salts of the segments
	maxWords   = areaAt / 4
	areaRoom   = 1536 // to where the note of a page begins
	macSize    = 32
	crcSize    = 4
	magic      = "lsmcrypt"
)

// meta is a meta page taken apart.
type meta struct {
	id        uint64
	blockSize int64
	pageSize  int64
	blocks    uint32
	logOffset int64
	sum       logSum
	segments  []segment // of the levels, newest first
	seals     []uint16
	free      []freeEntry
	logSalt   [16]byte
	chain     [16]byte
	commits   uint64
}

type segment struct{ first, last, root, size int64 }

type freeEntry struct {
	block uint32
	id    uint64
}

// meta returns the meta page that counts. A page whose checksums are wrong is torn, and does not count; one whose
// checksums are right and whose MAC is wrong makes the whole file tampered.
func (d *Database) meta(file []byte, key Key) (*meta, error) {
	var best []byte
	var bestID uint64
	for i := range 2 {
		page := make([]byte, metaUsable)
		if at := i * metaSize; at < len(file) {
			copy(page, file[at:])
		}
		words, area := split(page)
		if words == nil {
			continue
		}
		if area == nil {
			if be.Uint32(page[12:]) != encryptedID {
				return nil, impossible("meta page %d: a clear checkpoint", i+1)
			}
			continue
		}
		if err := d.verify(words, area, key); err != nil {
			return nil, err
		}
		if id := be.Uint64(page); best == nil || id > bestID {
			best, bestID = page, id
		}
	}
	if best == nil {
		return nil, ErrEmpty
	}
	words, area := split(best)
	if err := d.verify(words, area, key); err != nil { // the slots and ids are those of this page
		return nil, err
	}
	return d.parse(words, area)
}

// split returns a page's checkpoint and crypto area, with CRC and MAC; nil what is not whole.
func split(page []byte) (words, area []byte) {
	n := int(be.Uint32(page[8:]))
	if n < 25 || n > maxWords {
		return nil, nil
	}
	words = page[:4*n]
	s0, s1 := checkpointSum(words)
	if s0 != be.Uint32(words[4*n-8:]) || s1 != be.Uint32(words[4*n-4:]) {
		return nil, nil
	}
	area = page[areaAt:]
	if string(area[:8]) != magic {
		return words, nil
	}
	size := areaFront + 16*int(be.Uint16(area[72:])) + int(be.Uint16(area[74:]))
	if size+macSize+crcSize > areaRoom {
		return words, nil
	}
	area = area[:size+macSize+crcSize]
	if areaCRC(words, area) != be.Uint32(area[size+macSize:]) {
		return words, nil
	}
	return words, area
}

// checkpointSum is lsm1's checksum of a checkpoint.
func checkpointSum(words []byte) (c1, c2 uint32) {
	n := len(words) / 4
	w := func(i int) uint32 { return be.Uint32(words[4*i:]) }
	c1, c2 = 1, 2
	if n%2 == 1 {
		c1 += w(n-3) & 0xffff
		c2 += w(n-3) & 0xffff0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += c2 + w(i)
		c2 += c1 + w(i+1)
	}
	return c1, c2
}

// areaCRC is the CRC at the end of an area: of the checkpoint and of all of the area before it.
func areaCRC(words, area []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(words, table), table, area[:len(area)-crcSize])
}

// verify opens a slot of the area, and compares the MAC of the page.
func (d *Database) verify(words, area []byte, key Key) error {
	if v := be.Uint16(area[8:]); v != 1 {
		return impossible("version %d", v)
	}
	d.Suite, d.Codec = be.Uint16(area[10:]), be.Uint32(area[12:])
	d.FileID = [16]byte(area[16:])
	numSegments, slotBytes := int(be.Uint16(area[72:])), int(be.Uint16(area[74:]))
	slots := area[areaFront+16*numSegments:][:slotBytes]
	if err := d.unlock(slots, key); err != nil {
		return err
	}
	h := hmac.New(sha256.New, derive(d.DEK, d.FileID[:], "lsmlite/1 meta", 32))
	h.Write(words)
	end := len(area) - macSize - crcSize
	h.Write(area[:end])
	if !hmac.Equal(h.Sum(nil), area[end:][:macSize]) {
		return tampered("the MAC of a meta page")
	}
	return nil
}

// parse takes a verified page apart.
func (d *Database) parse(words, area []byte) (*meta, error) {
	r := wordReader{words: words[:len(words)-8]}
	m := &meta{id: r.u64()}
	r.u32()
	if id := r.u32(); id != encryptedID {
		return nil, impossible("compression id %d", id)
	}
	m.blocks, m.blockSize = r.u32(), int64(r.u32())
	levels := r.u32()
	m.pageSize = int64(r.u32())
	r.u32()
	m.logOffset = int64(r.u64() >> 1)
	m.sum = logSum{r.u32(), r.u32()}
	for range 4 {
		r.u64()
	}
	for range levels {
		flags := r.u32()
		if r.u32() != 0 {
			return nil, impossible("a merge half done")
		}
		m.seals = append(m.seals, uint16(flags>>16&0x7ffc)>>2)
		m.segments = append(m.segments, segment{int64(r.u64()), int64(r.u64()), int64(r.u64()), int64(r.u64())})
	}
	if r.u32() != 0 {
		return nil, impossible("redirects")
	}
	for range r.u32() {
		m.free = append(m.free, freeEntry{r.u32(), r.u64()})
	}
	if r.short || len(r.words) != 0 {
		return nil, impossible("a checkpoint that does not end with its words")
	}
	m.logSalt, m.chain = [16]byte(area[32:]), [16]byte(area[48:])
	m.commits = be.Uint64(area[64:])
	n := int(be.Uint16(area[72:]))
	if n != len(m.segments) {
		return nil, impossible("%d salts of %d segments", n, len(m.segments))
	}
	d.Salts = nil
	for i := range n {
		d.Salts = append(d.Salts, [16]byte(area[areaFront+16*i:]))
	}
	d.SnapshotID = m.id
	return m, nil
}

type wordReader struct {
	words []byte
	short bool
}

func (r *wordReader) u32() uint32 {
	if len(r.words) < 4 {
		r.short = true
		return 0
	}
	v := be.Uint32(r.words)
	r.words = r.words[4:]
	return v
}

func (r *wordReader) u64() uint64 { return uint64(r.u32())<<32 | uint64(r.u32()) }

// logPosition returns the log position of the meta page that counts, which needs no key.
func logPosition(file []byte) (offset int64, sum logSum, ok bool) {
	var id uint64
	for i := range 2 {
		if len(file) < i*metaSize+metaUsable {
			break
		}
		words, _ := split(file[i*metaSize:][:metaUsable])
		if words == nil || ok && be.Uint64(words) <= id {
			continue
		}
		id, ok = be.Uint64(words), true
		offset, sum = int64(be.Uint64(words[36:])>>1), logSum{be.Uint32(words[44:]), be.Uint32(words[48:])}
	}
	return offset, sum, ok
}
