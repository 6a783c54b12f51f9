// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"
	"slices"

	"github.com/lsmlite/lsmlite-go/store"
)

// table has a row for each PRAGMA that is no setting.
var table = []Pragma{
	{"table_info", "(kv)", Shows, "the two columns, as SQLite shows them", 1, 1, tableInfo},
	{"database_list", "", Shows, "the name of the file", 0, 0, databaseList},
	{"stats", "", Shows, "counters, one row each", 0, 0,
		report(func(m store.Maintainer) any { return m.Stats() })},
	{"pins", "", Shows, "the states that readers hold, and what cannot be used again because of each of them", 0, 0,
		inspect(pins)},
	{"structure", "", Shows, "the segments of the file, newest first: level, age, role, first and last page, " +
		"root of the b-tree, pages (of a compressed file, bytes)", 0, 0, show(structure)},
	{"array_structure", "(n)", Shows, "the runs of pages of the segment that begins on page n", 1, 1,
		inspect(arrayStructure)},
	{"array_pages", "(n)", Shows, "the pages of the segment that begins on page n, or the first 100,000", 1, 1, inspect(arrayPages)},
	{"freelist", "", Shows, "free blocks, and for each the newest snapshot that may still use it", 0, 0,
		report(func(m store.Maintainer) any { return m.FreeList() })},
	{"freelist_size", "", Shows, "how many blocks are free, and how many entries of the free list are " +
		"not in a segment yet", 0, 0, inspect(freelistSize)},
	{"log_structure", "", Shows, "the regions of the log that are still needed", 0, 0, report(logStructure)},
	{"tree_size", "", Shows, "bytes of the two trees in memory: the old one, which waits to be flushed, " +
		"and the live one", 0, 0, show(treeSize)},
	number("checkpoint_size", "bytes written to the file since the last checkpoint",
		func(m store.Maintainer) int64 { return m.CheckpointSize() }),
	number("pages_read", "pages that this handle has read from the file",
		func(m store.Maintainer) int64 { return m.Stats().PagesRead }),
	number("pages_written", "pages that this handle has written to the file",
		func(m store.Maintainer) int64 { return m.Stats().PagesWritten }),
	number("compression_id", "the number that the file has for its compression: 0 before anything is stored, 1 for none, 11100 if it is encrypted",
		func(m store.Maintainer) int64 { return int64(m.CompressionID()) }),
	{"encryption", "", Shows, "how the file is encrypted: cipher, file id, and a row for each key that opens it, with its id, " +
		"its type, and what belongs to that; or `none`", 0, 0, encryption},
	{"page_info", "(n)", Shows, "what page n is", 1, 1, inspect(pageInfo)},
	{"page_cells", "(n)", Shows, "the cells of page n", 1, 1, inspect(pageCells)},
	{"page_dump", "(n)", Shows, "page n as text", 1, 1,
		dumpWith("page_dump", store.Inspector.PageDump)},
	{"page_hex_dump", "(n)", Shows, "page n as text, with its bytes in hexadecimal", 1, 1,
		dumpWith("page_hex_dump", store.Inspector.PageHexDump)},
	{"skipped", "", Shows, "with `skip_damaged`, the ranges of keys in which something could not be read so far: the first key, " +
		"the first one after the range (NULL if nothing ends it), a page, and what is wrong with it", 0, 0, skipped},
	{"attached", "", Shows, "of a database that another process writes: which process that is (NULL if it is not known, or has ended), the checkpoint " +
		"that it keeps for this one, and how long ago its newest state was looked for, in milliseconds", 0, 0, attached},
	{"integrity_check", "(n)", Shows, "`ok`, or up to n problems (100)", 0, 1, integrityCheck},

	{"flush", "", Works, "writes the tree in memory to the file, as a segment", 0, 0,
		maintenance(func(ctx context.Context, m store.Maintainer) error { return m.Flush(ctx) })},
	{"checkpoint", "", Works, "makes durable what is in the file", 0, 0,
		checkpoint},
	{"work", "(merge, kb)", Works, "merges neighbouring segments of one age where there are at least `merge` of them " +
		"(default: `automerge`), and stops after about `kb` KB of output", 0, 2, work},
	{"optimize", "", Works, "merges everything into one segment", 0, 0,
		maintenance(func(ctx context.Context, m store.Maintainer) error { return m.Optimize(ctx) })},
	{"backup", "('path')", Works, "copies the newest committed state into a new database", 1, 1, backup},
}

// Names lists the names of all PRAGMAs, in the order of the table.
func Names() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].Name
	}
	return names
}

// Named returns the PRAGMA of that name, or nil.
func Named(name string) *Pragma {
	i := slices.IndexFunc(table, func(p Pragma) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &table[i]
}
