// SPDX-License-Identifier: Apache-2.0

// Package leveldb reads folders of LevelDB.
package leveldb

import (
	"errors"
	"os"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

// Read writes all rows of a folder, in the order of their keys. Blocks with a wrong checksum are errors.
func Read(dir string, w *out.Writer) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	db, err := leveldb.OpenFile(dir, &opt.Options{ReadOnly: true, ErrorIfMissing: true, Strict: opt.StrictAll})
	if err != nil {
		return out.Errorf(out.ErrOpen, "open %s: %w", dir, err)
	}
	it := db.NewIterator(nil, nil)
	for it.Next() {
		if err = w.Row(it.Key(), it.Value()); err != nil {
			break
		}
	}
	it.Release()
	return errors.Join(err, it.Error(), db.Close())
}
