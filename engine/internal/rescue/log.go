// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// treeReader reads the records of a tree.
type treeReader struct {
	it      memtree.Iter
	rec     record
	begun   bool
	missing bool // something may be missing everywhere
}

func (t *treeReader) next() bool {
	ok := false
	if !t.begun {
		ok, t.begun = t.it.First(), true
	} else {
		ok = t.it.Next()
	}
	if ok {
		t.rec = record{kind: t.it.Kind(), key: t.it.Key(), whole: true}
		if t.rec.kind&base.Insert != 0 {
			t.rec.value = t.it.Value()
		}
		t.rec.valLen = len(t.rec.value)
	}
	return ok
}

func (t *treeReader) current() (*record, bool)            { return &t.rec, t.missing }
func (t *treeReader) value(emit func([]byte) error) error { return emit(t.rec.value) }

// logReader replays a log into trees. What does not fit into the memory that the log may take is written to a file
// for the time being, as a segment.
type logReader struct {
	o      *Options
	log    vfsLog
	in     *input
	report *LogReport
	tree   *memtree.Tree
	spills []*source // newest first
	limit  int
}

type vfsLog interface{ wal.File }

func (l *logReader) apply(r format.LogRecord) error {
	l.report.Records++
	switch r.Op {
	case format.LogWrite:
		if r.Load != nil {
			if err := l.tree.PutFunc(r.Key, r.ValueLen, r.Load); err != nil {
				return err
			}
		} else {
			l.tree.Put(r.Key, r.Value)
		}
	case format.LogDelete:
		l.tree.Delete(r.Key)
	case format.LogDeleteRange:
		l.tree.DeleteRange(r.Key, r.Value)
	}
	return l.in.err
}

// replay applies the transactions from a position on and returns the position after the last one. ended is called
// after each transaction.
func (l *logReader) replay(from format.LogPos) (format.LogPos, int, error) {
	_, got, err := wal.RecoverSteps(l.log, from, l.apply, func(format.LogPos) error {
		l.report.Transactions++
		return l.spill()
	})
	if err == nil {
		err = l.in.err
	}
	return got.End, got.Commits, err
}
