// SPDX-License-Identifier: Apache-2.0

package care

import (
	"cmp"
	"context"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	shown "github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Stats prints what a database holds, in numbers.
type Stats struct {
	target
	All   bool          `short:"a" help:"Print the counters of work, too. They count from when the database was opened, so of a file that only this command opens they are 0."`
	Watch time.Duration `placeholder:"TIME" help:"With --remote: print a line each so often, such as 2s, with what has happened since the line before."`
}

// Help has examples.
func (Stats) Help() string {
	return env.Help("The table has a line for each number, with what it means. With --json all of them are in one object; sizes are in bytes "+
		"and times in seconds.",
		"lsmlite stats my.lsm", "lsmlite stats --json my.lsm | jq .file_bytes",
		"lsmlite --remote http://localhost:8080/debug/lsmlite/ stats --watch 2s")
}

// Run prints the statistics.
func (s Stats) Run(ctx context.Context, e *env.Env) error {
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	if client != nil {
		return s.remote(ctx, e, client)
	}
	if s.Watch != 0 {
		return env.Errorf(env.Usage, "--watch needs --remote: while this command has the file open, nothing changes in it")
	}
	db, err := s.openToLook(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	o := db.Engine.Options()
	m := measured{path: s.File, pageSize: o.PageSize, blockSize: o.BlockSize, compression: db.Engine.Compression(),
		cipher: db.Engine.Encryption().Cipher, stats: db.Engine.Stats()}
	if e.JSON {
		return printJSON(e, m.document())
	}
	return m.print(e.Stdout, s.All)
}

// measured is what is known of a database.
type measured struct {
	path                string
	pageSize, blockSize int
	compression         string
	cipher              string // empty: not encrypted
	stats               engine.Stats
}

// document is all of it in JSON.
func (m *measured) document() map[string]any {
	doc := map[string]any{"file": m.path, "page_size": m.pageSize, "block_size": m.blockSize, "compression": m.compression,
		"cipher": m.cipherName()}
	for _, f := range statFields {
		doc[f.name] = f.value(&m.stats).number()
	}
	return doc
}

// cipherName is the cipher, or none.
func (m *measured) cipherName() string { return cmp.Or(m.cipher, "none") }

// print writes the table.
func (m *measured) print(w io.Writer, all bool) error {
	t := table.NewWriter()
	t.Style().Box = table.StyleBoxLight
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format = table.FormatOptions{}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}})
	t.AppendRow(table.Row{"page_size", m.pageSize, "bytes of a page"})
	t.AppendRow(table.Row{"block_size", m.blockSize, "bytes of a block, the unit in which the file is used again"})
	t.AppendRow(table.Row{"compression", m.compression, "codec of the pages"})
	t.AppendRow(table.Row{"cipher", m.cipherName(), "cipher of pages and log"})
	for _, f := range statFields {
		if f.holds || all {
			t.AppendRow(table.Row{f.name, f.value(&m.stats).String(), f.means})
		}
	}
	lines := strings.Split(t.Render(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ") + "\n"
	}
	// A program that was asked may name what it likes.
	_, err := io.WriteString(w, shown.Message(m.path+"\n"+strings.Join(lines, "")))
	return err
}
