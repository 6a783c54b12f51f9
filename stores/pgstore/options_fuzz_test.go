// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzSplit: whatever stands in a name, its parameters of this package are taken out of it or refused, and no error
// shows a password.
func FuzzSplit(f *testing.F) {
	for _, query := range []string{"", "table=kv", "table=a&table=b", "writers=many&isolation=serializable", "pool_wait=30s", "unsupported_server=1",
		"sslmode=bad", "a=%zz", "x;y", "password=p", "table=%00", "%74able=x"} {
		f.Add("user", "secret-password", query)
	}
	f.Fuzz(func(t *testing.T, user, password, query string) {
		u, err := url.Parse("postgres://" + url.UserPassword(user, password).String() + "@host/db?" + query)
		if err != nil {
			return
		}
		rest, o, err := split(u)
		if err != nil {
			if len(password) >= 12 && !strings.Contains(query, password) && strings.Contains(err.Error(), password) {
				t.Errorf("the error shows the password: %v", err)
			}
			return
		}
		left, err := url.Parse(rest)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", rest, err)
		}
		for _, name := range names {
			if left.Query().Has(name) {
				t.Errorf("%s is still in %q", name, rest)
			}
		}
		if checkTable(o.table) != nil || o.poolWait <= 0 || o.serializable && !o.many {
			t.Errorf("%q gives %+v", query, o)
		}
	})
}
