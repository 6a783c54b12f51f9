// SPDX-License-Identifier: Apache-2.0

// Package modernc opens SQLite as modernc.org/sqlite translates it to Go, through database/sql.
// Package sqlkv has the settings of both classes.
package modernc

import (
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver sqlite

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/sqlkv"
)

// Driver describes the store.
func Driver() kv.Driver {
	return kv.Driver{
		Name:      "modernc",
		Module:    "modernc.org/sqlite",
		Settings:  sqlkv.SQLiteSettings("database/sql"),
		KillLoses: "nothing",
		Open: func(c kv.Config) (kv.Store, error) {
			return sqlkv.Open(sqlkv.Dialect{
				Driver: "sqlite",
				DSN: fmt.Sprintf("file:%s?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(%s)&_pragma=cache_size(-%d)",
					filepath.Join(c.Dir, "bench.db"), sqlkv.Synchronous(c.Class), c.CacheBytes>>10),
				Create: sqlkv.CreateTable, Flush: sqlkv.Truncate, Writers: 1,
			})
		},
	}
}
