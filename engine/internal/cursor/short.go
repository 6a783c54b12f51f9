// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// GetShort looks a user key up, newest source first, and returns the length of its value, which it
// appends to dst if it has at most that many bytes. A longer one is not loaded.
func GetShort(dst, key []byte, most int, live *memtree.View, st *snapshot.State) (value []byte, n int, found bool, err error) {
	ask := asker{key: key}
	if v, r := ask.tree(live); r != memtree.Unknown {
		return AppendShort(dst, v, most), len(v), r == memtree.Found, nil
	}
	return ask.getShort(dst, most, st)
}

// GetShortBelow is GetShort without the live tree.
func GetShortBelow(dst, key []byte, most int, st *snapshot.State) (value []byte, n int, found bool, err error) {
	ask := asker{key: key}
	return ask.getShort(dst, most, st)
}

// getShort is GetShortBelow.
func (a *asker) getShort(dst []byte, most int, st *snapshot.State) (value []byte, n int, found bool, err error) {
	if st.HasOld {
		if v, r := a.tree(&st.Old); r != memtree.Unknown {
			return AppendShort(dst, v, most), len(v), r == memtree.Found, nil
		}
	}
	var it segment.Iter
	at, err := a.levels(st.Disk.Levels, &it)
	if at != nil {
		if n, found = at.ValueLen(), true; n <= most {
			if value, err = at.AppendValue(dst); err == nil {
				dst = value
			} else {
				n, found = 0, false
			}
		}
		at.Done()
	}
	it.Done()
	return dst, n, found, err
}

// AppendShort appends value to dst if it has at most that many bytes.
func AppendShort(dst, value []byte, most int) []byte {
	if len(value) > most {
		return dst
	}
	return append(dst, value...)
}
