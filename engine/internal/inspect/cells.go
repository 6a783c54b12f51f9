// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Info is what a page holds, except for its cells. The fields mean what those of
// engine.PageInfo do.
type Info struct {
	Offset       int64
	Block        int64
	IndexInBlock int
	StoredBytes  int
	PrevBlock    int64
	NextBlock    int64

	BTree    bool
	SkipNext bool
	SkipThis bool
	Pointer  int64

	Sum    string
	Damage string
}

// Cell is one cell of a page. The fields mean what those of engine.CellInfo do.
type Cell struct {
	Offset           int
	Kind             string
	Key, Value       []byte
	KeyLen, ValueLen int
	Pointer          int64
	KeyPage          int64
}

// Info returns what the page holds, without relying on its being sound.
func (p *Page) Info() Info {
	info := Info{
		Offset: p.geo.Offset(p.no), Block: int64(p.geo.Block(p.no)), IndexInBlock: p.geo.IndexInBlock(p.no),
		BTree:    p.page.IsBTree(),
		SkipNext: p.page.Flags()&format.FlagSkipNext != 0,
		SkipThis: p.page.Flags()&format.FlagSkipThis != 0,
		Pointer:  int64(p.page.Ptr()),
		Sum:      p.sum(),
	}
	switch {
	case p.stored > 0:
		info.StoredBytes = p.stored // links are not in pages
	case p.geo.IsLast(p.no):
		info.NextBlock = int64(p.geo.Link(p.no, p.raw))
	case p.geo.IsFirst(p.no):
		info.PrevBlock = int64(p.geo.Link(p.no, p.raw))
	}
	if err := p.damage(); err != nil {
		info.Damage = err.Error()
	}
	return info
}

// Cells takes the page apart. A page that is not sound has no cells.
func (p *Page) Cells() (cells []Cell) {
	if p.damage() != nil {
		return nil
	}
	for i := range p.page.NumCells() {
		cells = append(cells, p.cell(i))
	}
	return cells
}

// cell takes cell i of a sound page apart.
func (p *Page) cell(i int) Cell {
	out := Cell{Offset: p.page.CellOffset(i)}
	if p.page.IsBTree() {
		c := p.page.BTreeCell(i)
		out.Kind, out.Pointer, out.KeyPage = "separator", int64(c.Child), int64(c.Ref)
		if c.Ref == 0 {
			out.Kind, out.Key, out.KeyLen = kindText(c.Kind), c.Key, len(c.Key)
		}
		return out
	}
	c := p.page.LeafCell(i)
	out.Kind = kindText(c.Kind)
	out.Key, out.KeyLen = p.body(c.Body, c.KeyLen), c.KeyLen
	if c.Kind&base.Insert != 0 {
		out.Value, out.ValueLen = p.body(c.Body+c.KeyLen, c.ValLen), c.ValLen
	}
	out.Pointer = int64(p.page.Ptr() + base.PageNo(c.RelPtr))
	return out
}

// kindText names a kind by its bits.
func kindText(k base.Kind) string {
	var s []string
	for _, b := range []struct {
		bit  base.Kind
		name string
	}{
		{base.Insert, "insert"}, {base.PointDelete, "delete"}, {base.StartDelete, "range-start"},
		{base.EndDelete, "range-end"}, {base.Separator, "separator"}, {base.System, "system"},
	} {
		if k&b.bit != 0 {
			s = append(s, b.name)
		}
	}
	if len(s) == 0 {
		return "kind 0"
	}
	return strings.Join(s, "+")
}
