// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// TestNamesOfKeysDoNotSteerTheTerminal: the file itself says what an external key is called, and may be of an attacker.
func TestNamesOfKeysDoNotSteerTheTerminal(t *testing.T) {
	same := func(_ context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), nil }
	path := filepath.Join(t.TempDir(), "db.lsm")
	db, err := engine.Open(t.Context(), path, engine.Options{Key: keys.External("kms\x1b]0;owned\a\nnot encrypted", same, same)})
	ok(t, err)
	write(t, db, 0, 1, "one")
	ok(t, db.Close())
	var out bytes.Buffer
	e := &env.Env{Globals: env.Globals{Quiet: true}, Stdout: &out, Stderr: &out}
	ok(t, SlotsList{File: path}.Run(e))
	if got := out.String(); strings.ContainsAny(got, "\x1b\a") || strings.Count(got, "\n") != 1 ||
		!strings.Contains(got, `external "kms\x1b]0;owned\a\nnot encrypted"`) {
		t.Errorf("%q", got)
	}
}

// TestStatsDoNotSteerTheTerminal: what a program that was asked calls its file and codec is shown by its escapes.
func TestStatsDoNotSteerTheTerminal(t *testing.T) {
	var out bytes.Buffer
	m := measured{path: "/db\x1b[2J", compression: "zstd\a", cipher: "none\x1b[1m"}
	ok(t, m.print(&out, false))
	if got := out.String(); strings.ContainsAny(got, "\x1b\a") || !strings.Contains(got, `/db\x1b[2J`) || !strings.Contains(got, `zstd\a`) {
		t.Errorf("%q", got)
	}
}
