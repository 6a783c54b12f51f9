// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// treeReader reads the records of a tree.
type treeReader struct {
	it    memtree.Iter
	rec   record
	begun bool
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

func (t *treeReader) current() (*record, bool)            { return &t.rec, false }
func (t *treeReader) value(emit func([]byte) error) error { return emit(t.rec.value) }
