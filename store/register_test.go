// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/lsmlite/lsmlite-go/store"
)

func open(context.Context, *url.URL, store.Settings) (store.Store, error) { return nil, nil }

func init() {
	names := []string{"safety"}
	store.Register("some+thing-1.0", store.Driver{Settings: names, Open: open})
	names[0] = "changed"
}

func TestRegister(t *testing.T) {
	d, ok := store.Registered("SOME+thing-1.0")
	if !ok || d.Open == nil || d.Settings[0] != "safety" {
		t.Errorf("registered: %v, %+v", ok, d)
	}
	if _, ok := store.Registered("something"); ok {
		t.Error("a scheme that nobody has registered")
	}
	for name, register := range map[string]func(){
		"twice":         func() { store.Register("some+thing-1.0", store.Driver{Open: open}) },
		"empty":         func() { store.Register("", store.Driver{Open: open}) },
		"a drive":       func() { store.Register("c", store.Driver{Open: open}) },
		"file":          func() { store.Register("file", store.Driver{Open: open}) },
		"capitals":      func() { store.Register("ABC", store.Driver{Open: open}) },
		"a colon":       func() { store.Register("ab:", store.Driver{Open: open}) },
		"opens nothing": func() { store.Register("abc", store.Driver{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			register()
		}()
	}
}
