// SPDX-License-Identifier: Apache-2.0

//go:build cgo

// Package mattn opens SQLite in C through github.com/mattn/go-sqlite3 and database/sql, in programs
// built with cgo. Package sqlkv has the settings of both classes.
package mattn

import (
	"fmt"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver sqlite3

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/sqlkv"
)

// Driver describes the store.
func Driver() kv.Driver {
	return kv.Driver{
		Name:      "mattn",
		Module:    "github.com/mattn/go-sqlite3",
		Settings:  sqlkv.SQLiteSettings("database/sql"),
		Cgo:       true,
		KillLoses: "nothing",
		Open: func(c kv.Config) (kv.Store, error) {
			return sqlkv.Open(sqlkv.Dialect{
				Driver: "sqlite3",
				DSN: fmt.Sprintf("file:%s?_busy_timeout=10000&_journal_mode=WAL&_synchronous=%s&_cache_size=-%d",
					filepath.Join(c.Dir, "bench.db"), sqlkv.Synchronous(c.Class), c.CacheBytes>>10),
				Create: sqlkv.CreateTable, Flush: sqlkv.Truncate, Writers: 1,
			})
		},
	}
}
