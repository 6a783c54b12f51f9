// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Page shows what is on a page.
type Page struct {
	target
	Page int64 `arg:"" help:"Number of the page, as lsmlite check and lsmlite structure name it."`
	Hex  bool  `help:"Show keys and values in hexadecimal, and whole."`
}

// Help has examples.
func (Page) Help() string {
	return env.Help("A page may be damaged, and may belong to no segment. The dump shows its place in the file, its footer and page sum, its cells "+
		"with keys and values, and all of its bytes. In a compressed file the number of a page is the offset of its record, and the dump shows "+
		"the page decompressed. The meta pages are no pages in this sense. The exit code is 3 if the file has no such page.",
		"lsmlite page my.lsm 129", "lsmlite page --hex my.lsm 129", "lsmlite page --json my.lsm 129 | jq .cells[].key")
}

// Run shows the page.
func (p Page) Run(ctx context.Context, e *env.Env) error {
	db, err := p.openToLook(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if e.JSON {
		info, err := db.Engine.Page(p.Page)
		if err != nil {
			return p.explain(err)
		}
		return printJSON(e, pageJSON(info))
	}
	dump := db.Engine.PageDump
	if p.Hex {
		dump = db.Engine.PageHexDump
	}
	s, err := dump(p.Page)
	if err != nil {
		return p.explain(err)
	}
	_, err = io.WriteString(e.Stdout, s)
	return err
}

// explain is the error of a page that cannot be read.
func (p Page) explain(err error) error {
	if errors.Is(err, engine.ErrMisuse) {
		return env.Errorf(env.CannotOpen, "%w: see lsmlite structure %s", err, p.File)
	}
	if errors.Is(err, engine.ErrCorrupt) {
		return env.Errorf(env.CannotOpen, "%s has no page %d that can be read; lsmlite structure %s lists those of each segment: %w",
			p.File, p.Page, p.File, err)
	}
	return err
}

// pageLine is a page in JSON.
type pageLine struct {
	Page         int64      `json:"page"`
	Offset       int64      `json:"offset"`
	Block        int64      `json:"block"`
	IndexInBlock int        `json:"index_in_block"`
	StoredBytes  int        `json:"stored_bytes,omitempty"`
	PrevBlock    int64      `json:"previous_block,omitempty"`
	NextBlock    int64      `json:"next_block,omitempty"`
	Kind         string     `json:"kind"`
	SkipNext     bool       `json:"skip_next"`
	SkipThis     bool       `json:"skip_this"`
	Pointer      int64      `json:"pointer"`
	PageSum      string     `json:"page_sum"`
	Damage       string     `json:"damage,omitempty"`
	Cells        []cellLine `json:"cells"`
}

// cellLine is a cell in JSON. Key and value are what of them is on the page.
type cellLine struct {
	Offset      int     `json:"offset"`
	Kind        string  `json:"kind"`
	Key         *string `json:"key,omitempty"`
	KeyBase64   []byte  `json:"key_base64,omitempty"`
	KeyBytes    int     `json:"key_bytes"`
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
	ValueBytes  int     `json:"value_bytes"`
	Pointer     int64   `json:"pointer,omitempty"`
	KeyPage     int64   `json:"key_page,omitempty"`
}

func pageJSON(i engine.PageInfo) pageLine {
	line := pageLine{
		Page: i.Page, Offset: i.Offset, Block: i.Block, IndexInBlock: i.IndexInBlock, StoredBytes: i.StoredBytes,
		PrevBlock: i.PrevBlock, NextBlock: i.NextBlock, Kind: "leaf", SkipNext: i.SkipNext, SkipThis: i.SkipThis,
		Pointer: i.Pointer, PageSum: i.Check, Damage: i.Damage, Cells: []cellLine{},
	}
	if i.BTree {
		line.Kind = "b-tree"
	}
	for _, c := range i.Cells {
		cell := cellLine{Offset: c.Offset, Kind: c.Kind, KeyBytes: c.KeyLen, ValueBytes: c.ValueLen, Pointer: c.Pointer, KeyPage: c.KeyPage}
		cell.Key, cell.KeyBase64 = inJSON(c.Key)
		cell.Value, cell.ValueBase64 = inJSON(c.Value)
		line.Cells = append(line.Cells, cell)
	}
	return line
}
