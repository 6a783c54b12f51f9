// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// FuzzStateToken: a token that is read is the same again when it was written and read once more.
func FuzzStateToken(f *testing.F) {
	f.Add(engine.StateToken{Commits: 7, Chain: [16]byte{1, 2}}.String())
	f.Add("")
	f.Add("7:")
	f.Fuzz(func(t *testing.T, s string) {
		token, err := engine.ParseStateToken(s)
		if err != nil {
			return
		}
		if again, err := engine.ParseStateToken(token.String()); again != token || err != nil {
			t.Errorf("%q is %+v, and then %+v, %v", s, token, again, err)
		}
	})
}

// FuzzKeyID is the same for the ids of keys.
func FuzzKeyID(f *testing.F) {
	f.Add("0123456789abcdef")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := engine.ParseKeyID(s)
		if err != nil {
			return
		}
		if again, err := engine.ParseKeyID(id.String()); again != id || err != nil {
			t.Errorf("%q is %v, and then %v, %v", s, id, again, err)
		}
	})
}
