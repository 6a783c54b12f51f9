// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// FreeRecord returns the system record that stores a free-list entry in a segment: its
// key is the bit-inverted block number, so that high blocks come first, its value the
// snapshot id. A cancellation becomes a point delete.
func FreeRecord(e FreeEntry) (kind base.Kind, key, value []byte) {
	key = binary.BigEndian.AppendUint32(nil, ^uint32(e.Block))
	if e.ID == NotFree {
		return base.System | base.PointDelete, key, nil
	}
	return base.System | base.Insert, key, binary.BigEndian.AppendUint64(nil, uint64(e.ID))
}

// FreeKeyBlock returns the block that a system key of 4 bytes names.
func FreeKeyBlock(key []byte) base.BlockNo { return base.BlockNo(^binary.BigEndian.Uint32(key)) }

// DecodeFreeRecord reads a system record of kind Insert.
func DecodeFreeRecord(key, value []byte) (FreeEntry, error) {
	if len(key) != 4 || len(value) != 8 {
		return FreeEntry{}, errs.Corruptf("a free-list record has a key of %d and a value of %d bytes; it must be 4 and 8", len(key), len(value))
	}
	return FreeEntry{
		Block: FreeKeyBlock(key),
		ID:    base.SnapshotID(binary.BigEndian.Uint64(value)),
	}, nil
}
