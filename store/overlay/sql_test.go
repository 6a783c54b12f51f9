// SPDX-License-Identifier: Apache-2.0

package overlay_test

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
	for scheme, open := range map[string]func() store.Store{
		"overlay":      func() store.Store { return remote{Model: storetest.NewModel(nil)} },
		"overlay+many": func() store.Store { st, _ := openMany(nil)(); return st },
	} {
		store.Register(scheme, store.Driver{Open: func(context.Context, *url.URL, store.Settings) (store.Store, error) {
			return open(), nil
		}})
	}
}

// The driver's contract holds on overlays, with one writer and with many.
func TestSQL(t *testing.T) {
	for _, scheme := range []string{"overlay", "overlay+many"} {
		t.Run(scheme, func(t *testing.T) {
			storetest.SQL(t, func(t *testing.T, settings string) *sql.DB {
				db, err := sql.Open("lsmlite", scheme+"://"+strings.ReplaceAll(url.PathEscape(t.Name()), "%", "-")+"?"+settings)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
				return db
			})
		})
	}
}
