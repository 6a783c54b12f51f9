// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"fmt"
	"maps"
	"slices"
)

// Read returns the database in the bytes of its file and log (nil: there is none). Of the meta pages it takes the one
// that a reader takes: the valid one with the larger id.
func Read(file, log []byte, key Key) (*Database, error) {
	d := &Database{}
	m, err := d.meta(file, key)
	if err != nil {
		return nil, err
	}
	state := newState()
	for i := len(m.segments) - 1; i >= 0; i-- {
		records, pages, err := d.segment(file, m, i)
		if err != nil {
			return nil, fmt.Errorf("segment %d: %w", i, err)
		}
		d.Segments = append(d.Segments, pages)
		if err := state.apply(records); err != nil {
			return nil, fmt.Errorf("segment %d: %w", i, err)
		}
	}
	slices.Reverse(d.Segments)
	if err := d.free(m, state.system); err != nil {
		return nil, err
	}
	if err := d.replay(log, m, state); err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(state.user)) {
		d.Rows = append(d.Rows, Row{k, state.user[k]})
	}
	return d, nil
}
