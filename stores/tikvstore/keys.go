// SPDX-License-Identifier: Apache-2.0

package tikvstore

import "github.com/lsmlite/lsmlite-go/engine/errs"

// keys makes the keys of a store of TiKV's.
type keys struct {
	prefix []byte // of rows
	end    []byte // the first key after all rows
	fence  []byte // counts commits, where one writes
	meta   []byte // says how many write
}

func keysOf(name string) keys {
	of := func(kind byte, last byte) []byte { return append(append([]byte{kind}, name...), last) }
	return keys{prefix: of('k', 0), end: of('k', 1), fence: of('f', 0), meta: of('m', 0)}
}

// leaseKey says who collects garbage in the cluster. No store has it, as names are not empty.
var leaseKey = []byte{'g', 0}

// row returns the key of a row. If after is set, it is the first key after it.
func (k *keys) row(key []byte, after bool) []byte {
	row := make([]byte, 0, len(k.prefix)+len(key)+1)
	row = append(append(row, k.prefix...), key...)
	if after {
		row = append(row, 0)
	}
	return row
}

// mark is the byte before each value.
const mark = 'v'

func stored(value []byte) []byte {
	return append(append(make([]byte, 0, len(value)+1), mark), value...)
}

// value returns what a stored value holds.
func (d *db) value(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] != mark {
		return nil, &errs.Error{Code: errs.CodeCorrupt, Op: "read", Path: d.o.shown,
			Detail: "a value does not begin as those that lsmlite has written; does another program write there?"}
	}
	return stored[1:], nil
}
