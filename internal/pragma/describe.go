// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"
	"strings"

	"github.com/lsmlite/lsmlite-go/store"
)

func tableInfo(_ context.Context, _ *Call, args []string) (*Table, error) {
	if !strings.EqualFold(args[0], "kv") {
		return nil, misusef("no such table: %s; the table is kv", args[0])
	}
	t := &Table{Columns: []string{"cid", "name", "type", "notnull", "dflt_value", "pk"}}
	t.add(int64(0), "key", "BLOB", int64(1), nil, int64(1))
	t.add(int64(1), "value", "BLOB", int64(1), nil, int64(0))
	return t, nil
}

func databaseList(_ context.Context, c *Call, _ []string) (*Table, error) {
	t := &Table{Columns: []string{"seq", "name", "file"}}
	t.add(int64(0), "main", c.Path)
	return t, nil
}

func treeSize(m store.Maintainer) *Table {
	old, live := m.TreeSize()
	t := &Table{Columns: []string{"old", "live"}}
	t.add(old, live)
	return t
}

// structure lists the segments, a row each, newest first.
func structure(m store.Maintainer) *Table {
	t := &Table{Columns: []string{"level", "age", "role", "first_page", "last_page", "root", "pages"}}
	for i, level := range m.Structure() {
		for _, s := range level.Segments {
			role := s.Role
			if level.FreelistOnly {
				role += " (free list)"
			}
			t.add(int64(i), int64(level.Age), role, s.First, s.Last, s.Root, s.Pages)
		}
	}
	return t
}

func logStructure(m store.Maintainer) any {
	regions := m.LogStructure()
	return regions[:]
}
