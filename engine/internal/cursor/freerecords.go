// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// RecordedFree reads the free-list entries that are stored in the segments of a snapshot:
// for each free block the number of the newest snapshot that may still use it.
func RecordedFree(disk *snapshot.Snapshot) (map[base.BlockNo]base.SnapshotID, error) {
	recorded := make(map[base.BlockNo]base.SnapshotID)
	var c Cursor
	defer c.release()
	if err := c.initSystem(disk); err != nil {
		return nil, err
	}
	for ok := c.First(); ok; ok = c.Next() {
		value, err := c.Value()
		if err != nil {
			return nil, err
		}
		e, err := format.DecodeFreeRecord(c.Key(), value)
		if err != nil {
			return nil, err
		}
		recorded[e.Block] = e.ID
	}
	return recorded, c.Err()
}
