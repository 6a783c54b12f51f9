// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"

	_ "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

func init() {
	store.Register("storetest", store.Driver{Open: func(context.Context, *url.URL, store.Settings) (store.Store, error) {
		return storetest.NewModel(nil), nil
	}})
}

// The suite holds for a file, and for a model of a registered scheme.
func TestSQL(t *testing.T) {
	t.Run("model", func(t *testing.T) { storetest.SQL(t, openPool("storetest://host/")) })
	t.Run("file", func(t *testing.T) { storetest.SQL(t, openPool("file:"+t.TempDir()+"/")) })
}

// openPool returns a function that opens pools on a store of the test.
func openPool(prefix string) func(t *testing.T, settings string) *sql.DB {
	return func(t *testing.T, settings string) *sql.DB {
		db, err := sql.Open("lsmlite", prefix+url.PathEscape(strings.ReplaceAll(t.Name(), "/", "-"))+"?"+settings)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
}
