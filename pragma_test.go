// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func TestPragmaSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	db := openDSN(t, path+"?autoflush=512&page_size=1024&automerge=6&busy_timeout=100&value_type=text")
	db.SetMaxOpenConns(1)
	runScript(t, db, []step{
		{query: "PRAGMA mode", rows: "rwc"},
		{query: "PRAGMA safety", rows: "normal"},
		{query: "PRAGMA page_size", rows: "1024"},
		{query: "PRAGMA block_size", rows: "1024"},
		{query: "PRAGMA autoflush", rows: "512"},
		{query: "PRAGMA automerge", rows: "6"},
		{query: "PRAGMA autowork", rows: "1"},
		{query: "PRAGMA use_log", rows: "1"},
		{query: "PRAGMA max_freelist", rows: "24"},
		{query: "PRAGMA busy_timeout", rows: "100"},
		{query: "PRAGMA count_deletes", rows: "1"},
		{query: "PRAGMA _txlock", rows: "immediate"},
		{query: "PRAGMA key_type", rows: "blob"},
		{query: "PRAGMA value_type", rows: "text"},
		{query: "PRAGMA background", rows: "none"},
		{query: "PRAGMA mmap", rows: "0"},
		{query: "PRAGMA mmap = 0", rows: "0"},
		{query: "PRAGMA mmap = 1", is: lsmlite.ErrMisuse, err: "mmap is 0 and cannot be changed"},
		{query: "PRAGMA compression", rows: "none"},
		{query: "PRAGMA locking", rows: "required"},
		{query: "PRAGMA locking = required", rows: "required"},
		{query: "PRAGMA locking = optional", is: lsmlite.ErrMisuse, err: "locking is required and cannot be changed"},

		{query: "PRAGMA safety = full", rows: "full"},
		{query: "PRAGMA safety = 1", rows: "normal"},
		{query: "PRAGMA autoflush = 2048", rows: "2048"},
		{query: "PRAGMA autoflush('3MiB')", rows: "3072"},
		{query: "PRAGMA autocheckpoint = 0", rows: "0"},
		{query: "PRAGMA autocheckpoint = 100", rows: "100"},
		{query: "PRAGMA max_log", rows: "12288"},
		{query: "PRAGMA max_log = 0", rows: "0"},
		{query: "PRAGMA max_log('5MiB')", rows: "5120"},
		{query: "PRAGMA automerge(3)", rows: "3"},
		{query: "PRAGMA autowork = off", rows: "0"},
		{exec: "PRAGMA autowork = on"},
		{query: "PRAGMA autowork", rows: "1"},
		{query: "PRAGMA max_freelist = 10", rows: "10"},
		{query: "PRAGMA busy_timeout = unlimited", rows: "unlimited"},
		{query: "PRAGMA busy_timeout = 0", rows: "0"},
		{query: "PRAGMA count_deletes = off; DELETE; PRAGMA count_deletes = on", rows: "0 ;  ; 1"},
		{query: "PRAGMA _txlock = deferred", rows: "deferred"},
		{query: "PRAGMA value_type = blob", rows: "blob"},

		{query: "PRAGMA page_size = 1024", rows: "1024"}, // it is so already
		{query: "PRAGMA page_size = 4096", is: lsmlite.ErrMisuse, err: "page_size is 1024 and cannot be changed while the database is open"},
		{query: "PRAGMA mode = ro", is: lsmlite.ErrMisuse, err: "mode is rwc"},
		{query: "PRAGMA use_log = 0; PRAGMA use_log = on", rows: "0 ; 1"},
		{query: "PRAGMA multiple_processes = 1", is: lsmlite.ErrMisuse, err: "multiple_processes=1 is refused"},
		{query: "PRAGMA multiple_processes", rows: "0"},
		{query: "PRAGMA preset", rows: "default"},
		{query: "PRAGMA key_type = blob", rows: "blob"},
		{query: "PRAGMA key_type = text", is: lsmlite.ErrMisuse, err: "key_type is blob"},
		{query: "PRAGMA compression = none", rows: "none"},
		{query: "PRAGMA compression = lz4", is: lsmlite.ErrMisuse, err: "compression is none and cannot be changed while the database is open"},
		{query: "PRAGMA automerge = 1", is: lsmlite.ErrMisuse, err: "allowed: 2 or more"},
		{query: "PRAGMA safety = 7", is: lsmlite.ErrMisuse, err: `lsmlite: pragma: bad value "7" for safety; allowed: off, normal, full`},
		{query: "PRAGMA automerge(1, 2)", is: lsmlite.ErrMisuse, err: "takes one value"},
		{query: "PRAGMA journal_mode", is: lsmlite.ErrMisuse, err: "unknown pragma journal_mode; there are: mode, preset, safety"},
	})
	// Settings of the store hold for every connection, the others for one.
	other := openDSN(t, path)
	wantRows(t, other, "3 ; unlimited", "PRAGMA automerge; PRAGMA busy_timeout")
}

func TestPragmaCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	db := openDSN(t, path)
	exec(t, db, letters)
	canonical, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	runScript(t, db, []step{
		{query: "PRAGMA table_info(kv)", rows: "0|key|BLOB|1|NULL|1 1|value|BLOB|1|NULL|0"},
		{query: "PRAGMA table_info('KV')", rows: "0|key|BLOB|1|NULL|1 1|value|BLOB|1|NULL|0"},
		{query: "PRAGMA table_info(users)", is: lsmlite.ErrMisuse, err: "no such table: users"},
		{query: "PRAGMA table_info", is: lsmlite.ErrMisuse, err: "PRAGMA table_info(kv)"},
		{query: "PRAGMA database_list", rows: "0|main|" + canonical},
		{query: "PRAGMA integrity_check", rows: "ok"},
		{query: "PRAGMA structure"}, // all is in memory
		{query: "PRAGMA flush", rows: "ok"},
		{query: "PRAGMA tree_size", rows: "0|0"},
		{query: "PRAGMA checkpoint", rows: "ok|1"},
		{query: "PRAGMA checkpoint_size", rows: "0"},
		{query: "PRAGMA compression_id", rows: "1"},
		{query: "PRAGMA integrity_check(5)", rows: "ok"},
		{query: "PRAGMA integrity_check(none)", is: lsmlite.ErrMisuse, err: "positive integers"},
		{exec: "INSERT INTO kv VALUES ('x', 1); PRAGMA flush; INSERT INTO kv VALUES ('y', 1)", n: 1},
		{query: "PRAGMA optimize", rows: "ok"},
		{query: "SELECT count(*)", rows: "8"},
		{query: "PRAGMA flush(1)", is: lsmlite.ErrMisuse, err: "does not take 1 arguments"},
		{query: "PRAGMA work(0)", is: lsmlite.ErrMisuse, err: "positive integers"},
		{query: "PRAGMA work(1, 2, 3)", is: lsmlite.ErrMisuse, err: "PRAGMA work or work(merge, kb)"},
		{query: "PRAGMA work(2, 1099511627777)", is: lsmlite.ErrMisuse, err: "positive integers"},
		{query: "PRAGMA page_dump(0)", is: lsmlite.ErrMisuse, err: "positive integers"},
	})
	wantColumns(t, db, "PRAGMA work", "pages_written done", 1)
	wantColumns(t, db, "PRAGMA work(2, 1000)", "pages_written done", 1)
	wantColumns(t, db, "PRAGMA structure", "level age role first_page last_page root pages", 1)
	wantColumns(t, db, "PRAGMA log_structure", "start end", 3)
	wantColumns(t, db, "PRAGMA freelist", "block id", -1)
	wantColumns(t, db, "PRAGMA stats", "name value", -1)
	if got, err := ask(db, "PRAGMA stats"); err != nil || !strings.Contains(got, "commits|3") {
		t.Errorf("stats: %q, %v", got, err)
	}
}

// wantColumns asserts the columns of a query, and its number of rows unless it is
// negative.
func wantColumns(t *testing.T, db *sql.DB, query, columns string, numRows int) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Errorf("%s: %v", query, err)
		return
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || strings.Join(names, " ") != columns {
		t.Errorf("%s: columns %v, %v; want %s", query, names, err, columns)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil || numRows >= 0 && n != numRows {
		t.Errorf("%s: %d rows, %v; want %d", query, n, err, numRows)
	}
}

func TestPragmaInTransaction(t *testing.T) {
	db := openMemory(t, "")
	tx := begin(t, db, nil)
	exec(t, tx, letters)
	runScript(t, tx, []step{
		{query: "PRAGMA flush", is: lsmlite.ErrMisuse, err: "commit first"},
		{query: "PRAGMA checkpoint", is: lsmlite.ErrMisuse},
		{query: "PRAGMA optimize", is: lsmlite.ErrMisuse},
		{query: "PRAGMA work(2, 10)", is: lsmlite.ErrMisuse},
		{query: "PRAGMA automerge = 7", rows: "7"},
		{query: "SELECT count(*)", rows: "6"},
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestPragmaOfAnotherStore(t *testing.T) {
	runScript(t, openModel(t, ""), []step{
		{query: "PRAGMA safety", is: lsmlite.ErrMisuse, err: "this store does not offer it"},
		{query: "PRAGMA flush", is: lsmlite.ErrMisuse, err: "this store does not offer it"},
		{query: "PRAGMA stats", is: lsmlite.ErrMisuse},
		{query: "PRAGMA busy_timeout", rows: "unlimited"},
	})
}

func TestPageDump(t *testing.T) {
	db := openMemory(t, "")
	exec(t, db, "INSERT INTO kv VALUES ('a key', 'a value'); PRAGMA flush")
	var page int64
	var skip any
	if err := db.QueryRow("PRAGMA structure").Scan(&skip, &skip, &skip, &page, &skip, &skip, &skip); err != nil {
		t.Fatal(err)
	}
	got, err := ask(db, "PRAGMA page_dump("+strconv.FormatInt(page, 10)+")")
	if err != nil || !strings.Contains(got, "a key") {
		t.Errorf("page %d: %q, %v", page, got, err)
	}
	if _, err := ask(db, "PRAGMA page_dump(1000000)"); err == nil {
		t.Error("a page beyond the file was shown")
	}
}
