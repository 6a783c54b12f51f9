// SPDX-License-Identifier: Apache-2.0

package secondreader

import "bytes"

// Whole reports whether the checksums of a meta page are right, which needs no key.
func Whole(page []byte) bool {
	words, area := split(page[:metaUsable])
	return words != nil && area != nil
}

// Repair makes the checksums of both meta pages of file agree with their bytes again, for which no key is needed.
func Repair(file []byte) {
	for i := range 2 {
		if len(file) >= i*metaSize+metaUsable {
			repairMeta(file[i*metaSize:][:metaUsable])
		}
	}
}

func repairMeta(page []byte) {
	n := int(be.Uint32(page[8:]))
	if n < 25 || n > maxWords {
		return
	}
	s0, s1 := checkpointSum(page[:4*n])
	be.PutUint32(page[4*n-8:], s0)
	be.PutUint32(page[4*n-4:], s1)
	area := page[areaAt:]
	if !bytes.HasPrefix(area, []byte(magic)) {
		return
	}
	size := areaFront + 16*int(be.Uint16(area[72:])) + int(be.Uint16(area[74:])) + macSize + crcSize
	if size <= areaRoom {
		be.PutUint32(area[size-crcSize:], areaCRC(page[:4*n], area[:size]))
	}
}

// RepairLog writes the checksums of a changed log so that they agree with its bytes, up to what is no record. It begins
// where the reader begins in the sound log: at the position that the checkpoint in file names, or, if no transaction is
// there, at 0.
func RepairLog(file, sound, log []byte) {
	offset, sum, ok := logPosition(file)
	if !ok {
		return
	}
	if r := (logReader{log: sound, at: min(offset, int64(len(sound))), sum: sum}); offset != 0 {
		if _, ok := r.next(); !ok {
			offset = 0
		}
	}
	r := &logReader{log: log, at: min(offset, int64(len(log))), sum: sum, repair: true}
	for {
		if _, ok := r.next(); !ok {
			return
		}
	}
}
