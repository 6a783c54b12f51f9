// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"database/sql"
	"net/url"
	"testing"

	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// Every kind of store passes the tests that all stores must pass, and those of the driver.
func TestConformance(t *testing.T) {
	shared.start(t)
	for name, values := range kinds {
		t.Run(name, func(t *testing.T) { conform(t, values) })
	}
}

// conform runs the tests that every store must pass.
func conform(t *testing.T, values map[string]string) {
	t.Parallel()
	storetest.Test(t, func(t *testing.T) func() (store.Store, error) {
		table := table(t)
		given := map[string]string{"pool_max_conns": "30"}
		for k, v := range values {
			given[k] = v
		}
		return func() (store.Store, error) {
			u, err := url.Parse(shared.url(table, given))
			if err != nil {
				return nil, err
			}
			s, err := Open(context.Background(), u, store.Settings{Create: true})
			if err == nil {
				t.Cleanup(func() { ok(t, s.Close()) }) // a test that is skipped leaves it open
			}
			return s, err
		}
	})
}

func TestConformanceSQL(t *testing.T) {
	shared.start(t)
	for name, values := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.SQL(t, func(t *testing.T, settings string) *sql.DB {
				return openSQL(t, shared.url(table(t), values)+"&"+settings)
			})
		})
	}
}
