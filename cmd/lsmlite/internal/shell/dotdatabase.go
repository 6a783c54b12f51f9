// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// dotDatabase are the commands that look at the database by its connection.
var dotDatabase = []dotCommand{
	{name: "dbinfo", help: "show the settings of the database", run: dbinfo},
	{name: "dump", args: "[PATTERN]", help: "print statements that write all rows, or those whose key is like a GLOB pattern", max: 1, run: dump},
	{name: "schema", help: "print the table as SQLite has it", run: schema},
	{name: "tables", help: "list the tables: there is kv", run: tables},
}

// infos are the PRAGMAs that .dbinfo shows.
var infos = strings.Fields("mode key_type value_type page_size block_size compression safety autoflush autocheckpoint max_log changes automerge " +
	"max_garbage autowork background use_log busy_timeout cache_size index_size mmap")

func dbinfo(ctx context.Context, s *shell, _ []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	values := []any{s.where()}
	for _, name := range infos {
		var value any
		if err := s.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			return err
		}
		values = append(values, value)
	}
	names := append([]string{"file"}, infos...)
	if s.env.JSON {
		return s.object(names, values)
	}
	values[0] = text.Name(s.where())
	for i, name := range names {
		fmt.Fprintf(s.out, "%14s: %v\n", name, values[i])
	}
	return nil
}

// object prints an object of JSON on a line.
func (s *shell) object(names []string, values []any) error {
	out := show.New(s.out, show.Options{Mode: show.JSONL})
	return cmp.Or(out.Columns(names), out.Row(values), out.End())
}

func tables(_ context.Context, s *shell, _ []string) error {
	if s.env.JSON {
		return s.object([]string{"name"}, []any{"kv"})
	}
	_, err := fmt.Fprintln(s.out, "kv")
	return err
}

// createTable is the only table there is, as SQLite has it.
const createTable = "CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL, " +
	"PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID;\n"

func schema(_ context.Context, s *shell, _ []string) error {
	if s.env.JSON {
		return s.object([]string{"name", "sql"}, []any{"kv", strings.TrimRight(createTable, "\n")})
	}
	_, err := fmt.Fprint(s.out, createTable)
	return err
}
