// SPDX-License-Identifier: Apache-2.0

package wal

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// Target is what the operations in a log are done to: a tree, or a batch for one.
type Target interface {
	Put(key, value []byte)
	PutFunc(key []byte, n int, fill func([]byte) error) error
	Delete(key []byte)
	DeleteRange(after, before []byte)
}

// Apply does the operation of a record.
func Apply(r format.LogRecord, to Target) error {
	switch r.Op {
	case format.LogWrite:
		if r.Load != nil {
			return to.PutFunc(r.Key, r.ValueLen, r.Load)
		}
		to.Put(r.Key, r.Value)
	case format.LogDelete:
		to.Delete(r.Key)
	case format.LogDeleteRange:
		to.DeleteRange(r.Key, r.Value)
	}
	return nil
}
