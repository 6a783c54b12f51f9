// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
)

// dotDatabase are the commands that look at the database, or copy it.
var dotDatabase = []dotCommand{
	{name: "backup", args: "FILE", help: "copy the newest committed state into a new database", min: 1, max: 1, files: true, run: backup},
	{name: "check", args: "[N]", help: "look for damage, and list up to N problems (100)", max: 1, run: check},
	{name: "dbinfo", help: "show the settings of the database", run: dbinfo},
	{name: "dump", args: "[PATTERN]", help: "print statements that write all rows, or those whose key is like a GLOB pattern", max: 1, run: dump},
	{name: "export", args: "FILE [PATTERN]", help: "write rows to a file: .csv, .json, .jsonl or .sql", min: 1, max: 2, files: true, run: export},
	{name: "log", help: "show the regions of the log that are needed", run: runsPragma("log_structure")},
	{name: "schema", help: "print the table as SQLite has it", run: schema},
	{name: "stats", help: "show the counters of the database", run: runsPragma("stats")},
	{name: "structure", help: "show the segments of the file, newest first", run: runsPragma("structure")},
	{name: "tables", help: "list the tables: there is kv", run: func(_ context.Context, s *shell, _ []string) error {
		_, err := fmt.Fprintln(s.out, "kv")
		return err
	}},
}

// runsPragma returns what runs a PRAGMA.
func runsPragma(name string) func(context.Context, *shell, []string) error {
	return func(ctx context.Context, s *shell, _ []string) error { return s.run(ctx, "PRAGMA "+name) }
}

func backup(ctx context.Context, s *shell, args []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	_, err := s.conn.ExecContext(ctx, "PRAGMA backup("+show.Literal(args[0])+")")
	return err
}

// check prints the problems of the database.
func check(ctx context.Context, s *shell, args []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	text := "PRAGMA integrity_check"
	if len(args) == 1 {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return env.Errorf(env.Refused, "%q is no number of problems", args[0])
		}
		text += "(" + args[0] + ")"
	}
	rows, err := s.conn.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	good := true
	for rows.Next() {
		var problem string
		if err := rows.Scan(&problem); err != nil {
			return err
		}
		good = good && problem == "ok"
		fmt.Fprintln(s.out, problem)
	}
	if err := rows.Err(); err != nil || good {
		return err
	}
	return env.Silent(env.Damaged)
}

// infos are the PRAGMAs that .dbinfo shows.
var infos = strings.Fields("mode key_type value_type page_size block_size compression safety autoflush autocheckpoint max_log automerge " +
	"max_garbage autowork background use_log busy_timeout cache_size index_size mmap")

func dbinfo(ctx context.Context, s *shell, _ []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	fmt.Fprintf(s.out, "%14s: %s\n", "file", s.path)
	for _, name := range infos {
		var value string
		if err := s.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%14s: %s\n", name, value)
	}
	return nil
}

func schema(_ context.Context, s *shell, _ []string) error {
	_, err := fmt.Fprintln(s.out, "CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL, "+
		"PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID;")
	return err
}
