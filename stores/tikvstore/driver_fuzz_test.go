// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// FuzzParse parses the URLs of stores. Each is refused as a misuse, or gives options that are within their limits.
func FuzzParse(f *testing.F) {
	for _, u := range []string{
		"tikv://host:2379/name", "tikv://a:1,b:2/?writers=many&gc=1h", "tikv://host?gc=1ns", "tikv://host/a%2Fb", "tikv://host/%00",
		"tikv://user:secret@host/", "tikv:///name", "tikv://,/", "tikv://host?writers=one&writers=many", "tikv://host?gc=-1h;", "tikv:host",
	} {
		f.Add(u, true, false)
		f.Add(u, false, true)
	}
	f.Fuzz(func(t *testing.T, text string, create, readOnly bool) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		o, err := parse(u, store.Settings{Create: create, ReadOnly: readOnly})
		if password, set := u.User.Password(); set && len(password) > 8 && err != nil && strings.Contains(err.Error(), password) &&
			!strings.Contains(u.Host+u.Path, password) {
			t.Fatalf("the error has the password: %v", err)
		}
		switch {
		case err != nil && errors.Is(err, errs.ErrMisuse):
		case err != nil:
			t.Fatalf("%q: %v, which is no misuse", text, err)
		case len(o.pd) == 0 || slices.Contains(o.pd, ""):
			t.Fatalf("%q: an address of %q is empty", text, o.pd)
		case o.name == "" || len(o.name) > MaxName || strings.ContainsAny(o.name, "\x00/"):
			t.Fatalf("%q: the name is %q", text, o.name)
		case o.gc != 0 && (o.gc < MinGC || o.gc > MaxGC || o.readOnly):
			t.Fatalf("%q: gc is %v", text, o.gc)
		case o.create && o.readOnly:
			t.Fatalf("%q: it would be made by one who only reads", text)
		}
	})
}
