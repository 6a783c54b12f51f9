// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/lsmlite/lsmlite-go" // the driver
	"github.com/lsmlite/lsmlite-go/engine"
)

// sqlCommand is a command of the scripts: sql FILE STATEMENT… runs statements on a database, which
// is made if it is missing.
func sqlCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sql FILE STATEMENT…")
	}
	db, err := sql.Open("lsmlite", ts.MkAbs(args[0]))
	ts.Check(err)
	for _, statement := range args[1:] {
		_, err = db.Exec(statement)
		ts.Check(err)
	}
	ts.Check(db.Close())
}

// rows is a command of the scripts: rows FILE FROM TO VALUE writes rows with the keys key/0001 and so
// on, each with a value that repeats VALUE and the number of the row.
func rows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: rows FILE FROM TO VALUE")
	}
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	ctx := context.Background()
	db, err := engine.Open(ctx, ts.MkAbs(args[0]), engine.Options{})
	ts.Check(err)
	ts.Check(db.Update(ctx, func(tx *engine.Tx) error {
		for n := from; n <= to; n++ {
			value := strings.Repeat(fmt.Sprintf("%s %d. ", args[3], n), 20)
			if err := tx.Put(fmt.Appendf(nil, "key/%04d", n), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	}))
	ts.Check(db.Close())
}

// flip is a command of the scripts: flip FILE OFFSET… inverts all bits of the bytes at the offsets.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: flip FILE OFFSET…")
	}
	name := ts.MkAbs(args[0])
	content, err := os.ReadFile(name)
	ts.Check(err)
	for _, a := range args[1:] {
		at, err := strconv.Atoi(a)
		ts.Check(err)
		if at < 0 || at >= len(content) {
			ts.Fatalf("%s has %d bytes, and none at %d", args[0], len(content), at)
		}
		content[at] = ^content[at]
	}
	ts.Check(os.WriteFile(name, content, 0o600))
}

// goldenDir has a few databases that C lsm1 has written.
const goldenDir = "../../engine/testdata/golden"

// golden is a command of the scripts: golden NAME FILE copies a database that C lsm1 has written,
// with its log, and golden NAME.jsonl FILE its listing.
func golden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: golden NAME FILE")
	}
	for _, suffix := range []string{"", "-log"} {
		content, err := os.ReadFile(filepath.Join(goldenDir, args[0]+suffix))
		if suffix != "" && errors.Is(err, os.ErrNotExist) {
			continue
		}
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1])+suffix, content, 0o600))
	}
}

// hardlink is a command of the scripts: hardlink FILE NEW gives a file a second name.
func hardlink(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hardlink FILE NEW")
	}
	ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}
