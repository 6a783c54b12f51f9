// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"sync"
	"testing"

	_ "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// mocks are the clusters of the scheme tikvmock, by the host of a name.
var mocks sync.Map

func init() {
	store.Register("tikvmock", store.Driver{Open: func(ctx context.Context, u *url.URL, s store.Settings) (store.Store, error) {
		c, _ := mocks.Load(u.Host)
		return c.(*cluster).open(strings.TrimPrefix(u.Path, "/")+"?"+u.RawQuery, s)
	}})
}

func TestSQL(t *testing.T) {
	for _, writers := range []string{"one", "many"} {
		t.Run(writers, func(t *testing.T) {
			c := newCluster(t, []byte("kkv\x00b"))
			mocks.Store(writers, c)
			storetest.SQL(t, func(t *testing.T, settings string) *sql.DB {
				name := strings.Map(func(r rune) rune {
					if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
						return r
					}
					return '-'
				}, t.Name())
				db, err := sql.Open("lsmlite", "tikvmock://"+writers+"/"+name+"?writers="+writers+"&"+settings)
				must(t, err)
				t.Cleanup(func() { must(t, db.Close()) })
				return db
			})
		})
	}
}
