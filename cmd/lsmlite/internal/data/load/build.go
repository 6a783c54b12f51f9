// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// sorted says whether the keys of a batch come in order; equal ones may follow each other.
func sorted(b *row.Batch) bool {
	for i := 1; i < b.Len(); i++ {
		if bytes.Compare(b.Row(i-1).Key, b.Row(i).Key) > 0 {
			return false
		}
	}
	return true
}

// sortRows sorts a batch by its keys; rows of equal keys stay in their order.
func sortRows(b *row.Batch) {
	rows := make([]row.Row, b.Len())
	for i := range rows {
		rows[i] = b.Row(i)
	}
	slices.SortStableFunc(rows, func(a, b row.Row) int { return bytes.Compare(a.Key, b.Key) })
	out := row.Batch{Read: b.Read, Offset: b.Offset, Sum: b.Sum, Last: b.Last}
	for _, r := range rows {
		out.Add(r.Key, r.Value)
	}
	*b = out
}

// startBuild begins a new file for rows in order. The sizes of pages and the codec are those of the
// settings, which a database in memory has, too.
func (l *loader) startBuild(ctx context.Context) error {
	model, err := l.o.Open(ctx, ":memory:", env.Create)
	if err != nil {
		return err
	}
	o := model.Engine.Options()
	if err := model.Close(); err != nil {
		return err
	}
	cfg, err := l.o.Config(l.o.Path, env.Create)
	if err != nil {
		return err
	}
	key, err := l.o.SourceOf(l.o.Path)
	if err != nil {
		return err
	}
	l.build, err = engine.NewBuilder(l.o.Path, engine.Options{
		PageSize: o.PageSize, BlockSize: o.BlockSize, Compression: o.Compression, Codecs: o.Codecs, Perm: cfg.Perm,
		Key: key, Cipher: cfg.Cipher,
	})
	return err
}

// add puts the rows of a batch into the new file, up to the first one that is not in order, and returns
// how many rows that are.
func (l *loader) add(b *row.Batch) (int, error) {
	for i := range b.Len() {
		r := b.Row(i)
		if l.holds {
			switch c := bytes.Compare(l.held.Key, r.Key); {
			case c > 0:
				return i, nil
			case c < 0:
				if err := l.flushHeld(); err != nil {
					return i, err
				}
			case l.o.Conflict == Fail:
				return i, conflict(l.o.Path, r.Key)
			case l.o.Conflict == Ignore:
				l.result.Ignored++
				continue
			default:
				l.result.Replaced++
			}
		}
		l.held, l.holds = r, true
	}
	l.held = row.Row{Key: bytes.Clone(l.held.Key), Value: bytes.Clone(l.held.Value)} // the batch is used again
	return b.Len(), nil
}

// flushHeld puts the row into the file that waits for the next one.
func (l *loader) flushHeld() error {
	if !l.holds {
		return nil
	}
	l.holds = false
	l.count(l.held)
	return l.build.Add(l.held.Key, l.held.Value)
}

// count counts a row that is written.
func (l *loader) count(r row.Row) {
	l.result.Written++
	l.result.Bytes += int64(len(r.Key) + len(r.Value))
}

// leaveBuild makes what there is of the new file a database, and opens it for transactions.
func (l *loader) leaveBuild(ctx context.Context) error {
	if err := l.endBuild(); err != nil {
		return err
	}
	return l.open(ctx, true)
}

// endBuild makes what there is of the new file a database. The note comes first, so that there is no moment
// at which a part of the input looks like all of it.
func (l *loader) endBuild() error {
	err := l.flushHeld()
	if err == nil {
		err = l.writeNote()
	}
	if err == nil {
		err = l.build.Finish(context.Background())
	}
	if err != nil {
		l.build.Discard()
		err = errors.Join(err, l.removeNote())
	}
	l.build = nil
	return err
}

// conflict is the error of a key that is there.
func conflict(path string, key []byte) error {
	return env.Errorf(env.Refused, "%w", refusedError{fmt.Errorf("%s has the key %s already; "+
		"--on-conflict replace or ignore goes on at such keys", path, text.Show(key))})
}
