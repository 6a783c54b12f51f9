// SPDX-License-Identifier: Apache-2.0

// Package pebbledb reads folders of Pebble.
package pebbledb

import (
	"errors"
	"os"

	"github.com/cockroachdb/pebble/v2"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

// silent drops what Pebble logs; what matters comes as an error.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(out.Errorf(out.ErrOpen, format, args...))
}

// Read writes all rows of a folder, in the order of their keys. Values of Pebble's range keys have no
// place in rows: they are an error.
func Read(dir string, w *out.Writer) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true, ErrorIfNotExists: true, Logger: silent{}})
	if err != nil {
		return out.Errorf(out.ErrOpen, "open %s: %w", dir, err)
	}
	return errors.Join(rows(dir, db, w), db.Close())
}

func rows(dir string, db *pebble.DB, w *out.Writer) error {
	it, err := db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsAndRanges})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		point, ranged := it.HasPointAndRange()
		if ranged {
			from, to := it.RangeBounds()
			return errors.Join(out.Errorf(out.ErrRefused, "%s has a range key from %q to %q, which cannot be a row", dir, from, to), it.Close())
		}
		if !point {
			continue
		}
		value, err := it.ValueAndErr()
		if err == nil {
			err = w.Row(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}
