// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/lsmlite/lsmlite-go/engine"
)

// comparison is one walk over both stores.
type comparison struct {
	*copier
	sum   hash.Hash
	rows  int64
	last  []byte // the last key that was compared, if any is set
	any   bool
	found int64 // differences
	batch batch // what is to be repaired
}

// rowsPerReport is after how many rows a comparison reports how far it is.
const rowsPerReport = 10_000

// compareAll compares all rows, repairs what differs, and returns how many rows that were.
func (c *copier) compareAll(ctx context.Context) (differences int64, err error) {
	k := &comparison{copier: c, sum: sha256.New()}
	c.at = CopyProgress{Pass: c.result.Passes}
	c.result.Snapshots = 0
	for done := false; !done; {
		c.result.Snapshots++
		before := bytes.Clone(k.last)
		done, err = k.walk(ctx)
		if errors.Is(err, engine.ErrSnapshotGone) && !bytes.Equal(before, k.last) {
			continue // from new states; but only if there was something new in these
		}
		if err != nil {
			return k.found, fmt.Errorf("compare: %w", err)
		}
	}
	if err := k.repair(ctx); err != nil {
		return k.found, err
	}
	c.result.Rows = k.rows
	k.sum.Sum(c.result.Sum[:0])
	c.report()
	return k.found, nil
}

// side is one of the two stores in a comparison.
type side struct {
	cur Cursor
	ok  bool // it stands on a row
}

// begin opens a cursor after the rows that were compared.
func (k *comparison) begin(ctx context.Context, s Store) (side, error) {
	cur, err := s.Cursor(ctx)
	if err != nil {
		return side{}, err
	}
	// The range keeps the bytes, which change: a copy.
	r := &Range{Lo: bytes.Clone(k.last), HasLo: k.any, LoOpen: true}
	return side{cur, cur.Seek(ctx, r)}, nil
}

// walk compares the rows of a state of each store. It reports whether it has come to the end.
func (k *comparison) walk(ctx context.Context) (done bool, err error) {
	from, err := k.begin(ctx, k.src)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, from.cur.Close()) }()
	to, err := k.begin(ctx, k.dst)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, to.cur.Close()) }()
	for from.ok || to.ok {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		order := 0
		switch {
		case !to.ok:
			// The destination may have failed, and not ended.
			if err := to.cur.Err(); err != nil {
				return false, err
			}
			order = -1
		case !from.ok:
			if err := from.cur.Err(); err != nil {
				return false, err
			}
			order = 1
		default:
			order = bytes.Compare(from.cur.Key(), to.cur.Key())
		}
		if err := k.row(ctx, &from, &to, order); err != nil {
			return false, err
		}
		if k.batch.bytes >= k.o.ChunkBytes {
			if err := k.repair(ctx); err != nil {
				return false, err
			}
		}
		if order <= 0 {
			from.ok = from.cur.Next(ctx)
		}
		if order >= 0 {
			to.ok = to.cur.Next(ctx)
		}
	}
	return true, errors.Join(from.cur.Err(), to.cur.Err())
}

// row compares one key, which the source has if order is not positive, and the destination if it is not negative.
func (k *comparison) row(ctx context.Context, from, to *side, order int) error {
	least := from.cur
	if order > 0 {
		least = to.cur
	}
	if k.any && bytes.Compare(least.Key(), k.last) <= 0 {
		return &engine.Error{Code: engine.CodeCorrupt, Op: "copy",
			Detail: fmt.Sprintf("a store shows the key %.64q after %.64q", least.Key(), k.last)}
	}
	if order > 0 {
		if err := k.makeRoom(ctx, len(to.cur.Key())); err != nil {
			return err
		}
		k.batch.delete(to.cur.Key())
		k.found++
		k.note(to.cur.Key())
		return nil
	}
	key := from.cur.Key()
	value, err := from.cur.Value(ctx)
	if err != nil {
		return err
	}
	same := false
	if order == 0 {
		there, err := to.cur.Value(ctx)
		if err != nil {
			return err
		}
		same = bytes.Equal(value, there)
	}
	if !same {
		if err := k.makeRoom(ctx, len(key)+len(value)); err != nil {
			return err
		}
		k.batch.put(key, value)
		k.found++
	}
	var lengths [8]byte
	for _, part := range [][]byte{key, value} {
		binary.BigEndian.PutUint64(lengths[:], uint64(len(part)))
		k.sum.Write(lengths[:])
		k.sum.Write(part)
	}
	k.rows++
	k.at.Rows, k.at.Bytes = k.rows, k.at.Bytes+int64(len(key)+len(value))
	if k.rows%rowsPerReport == 0 {
		k.report()
	}
	k.note(key)
	return nil
}

// note remembers the key that was compared.
func (k *comparison) note(key []byte) { k.last, k.any = append(k.last[:0], key...), true }

// makeRoom repairs what there is to repair if a row with so many bytes does not fit in with it.
func (k *comparison) makeRoom(ctx context.Context, row int) error {
	if k.batch.full(row, k.o.ChunkBytes) {
		return k.repair(ctx)
	}
	return nil
}

// repair writes what differs into the destination.
func (k *comparison) repair(ctx context.Context) error {
	if len(k.batch.rows) == 0 {
		return nil
	}
	if err := k.batch.apply(ctx, k.dst, k.o.Patience); err != nil {
		return fmt.Errorf("repair the destination: %w", err)
	}
	k.result.Repaired += int64(len(k.batch.rows))
	k.at.Repaired += int64(len(k.batch.rows))
	k.batch = batch{}
	k.report()
	return nil
}
