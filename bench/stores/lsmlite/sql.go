// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"fmt"
	"path/filepath"

	_ "github.com/lsmlite/lsmlite-go" // the driver lsmlite

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/sqlkv"
)

// SQL is the engine through database/sql, with the preset default.
func SQL() kv.Driver {
	const common = "database/sql, preset default, the shared cache size, "
	return kv.Driver{
		Name:   "lsmlite-sql",
		Module: "github.com/lsmlite/lsmlite-go",
		Settings: map[kv.Class]string{
			kv.Normal: common + "safety=normal",
			kv.Full:   common + "safety=full",
		},
		KillLoses: "nothing",
		Open: func(c kv.Config) (kv.Store, error) {
			safety := "normal"
			if c.Class == kv.Full {
				safety = "full"
			}
			return sqlkv.Open(sqlkv.Dialect{
				Driver:  "lsmlite",
				DSN:     fmt.Sprintf("file:%s?safety=%s&cache_size=%d", filepath.Join(c.Dir, "bench.lsm"), safety, c.CacheBytes>>10),
				Flush:   "PRAGMA flush",
				Writers: c.Writers,
			})
		},
	}
}
