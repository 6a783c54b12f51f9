// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// loading are the settings of a database while rows are loaded into it, unless --set has others: trees
// of 32 MiB, so that less is merged.
var loading = []string{"autoflush=32768", "autocheckpoint=65536"}

// open opens the database for transactions. With a note, that is there before anything is written. A new
// database has no log until it is whole: the note says how far it is.
func (l *loader) open(ctx context.Context, withNote bool) (err error) {
	first := withNote && !l.noted
	// The note of an import that begins again says that rows are there which may not be.
	if first || withNote && l.o.Restart {
		if err := l.writeNote(); err != nil {
			return err
		}
	}
	s := l.o.Settings
	var set []string
	if !slices.ContainsFunc(s.Set, isPreset) {
		set = slices.Clone(loading)
	}
	if l.fresh && !slices.ContainsFunc(s.Set, aboutLog) {
		set = append(set, "use_log=off")
	}
	s.Set = append(set, s.Set...)
	l.db, err = s.Open(ctx, l.o.Path, env.Create)
	if _, missing := os.Stat(l.o.Path); err != nil && first && (!l.fresh || missing != nil) {
		_ = l.removeNote() // nothing of the input is there
	}
	return err
}

// aboutLog says whether a setting decides about the log.
func aboutLog(set string) bool {
	name, _, _ := strings.Cut(set, "=")
	return name == "use_log" || name == "safety"
}

// isPreset says whether a setting stands for all others.
func isPreset(set string) bool { return strings.HasPrefix(set, "preset=") }

// commit writes the rows of a batch, from one on, in a transaction. At a conflict it writes those before.
func (l *loader) commit(ctx context.Context, b *row.Batch, from int) error {
	tx, err := l.db.Engine.Begin(ctx)
	if err != nil {
		return err
	}
	before := l.result
	bad := error(nil)
	for i := from; i < b.Len() && bad == nil; i++ {
		bad = l.put(tx, b.Row(i))
	}
	if bad != nil && before.Written == l.result.Written {
		_ = tx.Rollback()
		return bad
	}
	if err := tx.Commit(ctx); err != nil {
		_ = tx.Rollback()
		l.result = before
		return err
	}
	return bad
}

// put writes a row.
func (l *loader) put(tx *engine.Tx, r row.Row) error {
	if l.o.Conflict != Replace {
		_, found, err := tx.ValueLen(r.Key)
		if err != nil {
			return err
		}
		if found {
			return l.meet(tx, r)
		}
		l.overlap = false
	}
	if err := tx.Put(r.Key, r.Value); err != nil {
		return err
	}
	l.count(r)
	return nil
}

// meet decides about a row whose key is there.
func (l *loader) meet(tx *engine.Tx, r row.Row) error {
	if l.o.Conflict == Fail {
		same := false
		if l.overlap {
			value, _, err := tx.Get(nil, r.Key)
			if err != nil {
				return err
			}
			same = bytes.Equal(value, r.Value)
		}
		if !same {
			return conflict(l.o.Path, r.Key)
		}
	}
	l.result.Ignored++
	return nil
}
