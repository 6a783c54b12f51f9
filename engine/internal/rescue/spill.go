// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// spillSeal is the seal of what is written for the time being.
const spillSeal format.Seal = 0x1234

// The sizes of pages and blocks there.
const (
	spillPageSize  = 4096
	spillBlockSize = 1 << 20
)

// spill writes the tree to a file if it has grown beyond what the log may take of memory, and there is not mostly
// garbage in it.
func (l *logReader) spill() error {
	if l.tree.Size() < l.limit {
		return nil
	}
	if live := l.tree.Live(); live < l.tree.Size()/2 && live < l.limit/2 {
		l.tree = l.tree.Fold()
		return nil
	}
	f, err := l.o.Temp()
	if err != nil {
		return err
	}
	s, err := writeRun(l.in, f, l.tree.Freeze())
	if err != nil {
		return err
	}
	found := &Source{Name: fmt.Sprintf("log, part %d", len(l.spills)+1), Summed: true}
	l.spills = append([]*source{{reader: newRun(s, nil), found: found}}, l.spills...)
	l.tree = memtree.New()
	return nil
}

// sources returns the sources that the log has become, newest first, and begins again.
func (l *logReader) sources() (list []*source) {
	if v := l.tree.Freeze(); !v.Empty() {
		t := &treeReader{}
		t.it.Init(v)
		list = append(list, &source{reader: t, found: &Source{Name: "log", Summed: true}})
	}
	list = append(list, l.spills...)
	l.tree, l.spills = memtree.New(), nil
	return list
}

// counting gives blocks in their order.
type counting struct {
	*blockfile.File
	n base.BlockNo
}

func (c *counting) Allocate() (base.BlockNo, error) {
	c.n++
	c.SetBlocks(uint32(c.n))
	return c.n, nil
}

// writeRun writes a tree to a file of its own, as a segment.
func writeRun(like *input, f vfs.File, tree memtree.View) (*sheet, error) {
	pages, geo, err := spillPages(like, f)
	if err != nil {
		return nil, err
	}
	file := &counting{File: pages}
	w := segment.NewWriter(file.File, file, 0)
	w.SetSeal(spillSeal)
	var it memtree.Iter
	it.Init(tree)
	for ok := it.First(); ok; ok = it.Next() {
		var value []byte
		if it.Kind()&base.Insert != 0 {
			value = it.Value()
		}
		if err := w.Add(it.Kind(), it.Key(), value); err != nil {
			return nil, err
		}
	}
	seg, _, err := w.Finish()
	if err != nil {
		return nil, err
	}
	in, err := newInput(like.ctx, f, "", nil)
	if err != nil {
		return nil, err
	}
	in.geo, in.window, in.secret, in.bound = geo, like.window, like.secret, blockfile.Bound(geo.PageSize, nil)
	s := &sheet{in: in, id: identity{sums: sealSums, seal: spillSeal}}
	space, err := pages.Space(seg.Salt)
	if err != nil {
		return nil, err
	}
	s.id.box = space.Box
	for i, b := range w.Blocks() {
		p := piece{first: geo.FirstPage(b), last: geo.LastPage(b), joined: i > 0}
		if b == geo.Block(seg.Last) {
			p.last = seg.Last
		}
		s.pieces = append(s.pieces, p)
	}
	return s, nil
}

// spillPages returns a file of its own as pages. What an encrypted database holds is encrypted there, too,
// under a key that nobody keeps.
func spillPages(like *input, f vfs.File) (*blockfile.File, format.Geometry, error) {
	if like.secret == nil {
		geo, err := format.NewGeometry(spillPageSize, spillBlockSize)
		return blockfile.New(f, "", geo, nil, 0), geo, err
	}
	geo, err := format.NewCompressedGeometry(spillPageSize, spillBlockSize, blockfile.Bound(spillPageSize, nil))
	if err != nil {
		return nil, geo, err
	}
	key := crypt.NewDataKey()
	defer clear(key)
	keys, err := crypt.NewKeys(like.secret.Keys().Suite(), key, crypt.NewFileID())
	if err != nil {
		return nil, geo, err
	}
	return blockfile.NewEncrypted(f, "", geo, nil, keys, 0), geo, nil
}
