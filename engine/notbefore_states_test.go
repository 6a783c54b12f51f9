// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestOldFilesAreRolledBack puts files and logs of all moments of a database together, and opens them with the state of
// a commit: what opens is not older than that, and what is older is refused as rolled back, or as something worse.
func TestOldFilesAreRolledBack(t *testing.T) {
	d := newSecretDB(t, rand.New(rand.NewPCG(6, 6)), 3, 5,
		engine.Options{PageSize: 512, BlockSize: 64 << 10, AutoFlush: 1024, AutoMerge: 2, AutoCheckpoint: 1})
	counts := make(map[string]int)
	for commit, token := range d.tokens {
		if token == (engine.StateToken{}) || commit%3 == 1 {
			continue
		}
		o := d.options
		o.NotBefore = token
		for i, f := range d.moments {
			for j, l := range append(d.moments, files{}) {
				if i != j && (i+j+commit)%5 != 0 {
					continue // a part will do
				}
				state, err := d.show(files{file: f.file, log: l.log}, o)
				what := fmt.Sprintf("commit %d, file %d, log %d", commit, i, j)
				switch {
				case err == nil && state < commit:
					t.Fatalf("%s: state %d", what, state)
				case i == j && (err == nil) != (f.state >= commit):
					t.Fatalf("%s: both show commit %d: %v", what, f.state, err)
				case i == j && err != nil && !errors.Is(err, engine.ErrRolledBack):
					t.Fatalf("%s: not rolled back: %v", what, err)
				case err == nil:
					counts["shown"]++
				case errors.Is(err, engine.ErrRolledBack):
					counts["rolled back"]++
				case errors.Is(err, engine.ErrCorrupt), errors.Is(err, engine.ErrCantOpen):
					counts["refused"]++
				default:
					t.Fatalf("%s: %v", what, err)
				}
			}
		}
	}
	t.Log(counts)
	if counts["shown"] == 0 || counts["rolled back"] == 0 {
		t.Errorf("%v", counts)
	}
	o := d.options // and another database with the same key has another history
	o.NotBefore = d.tokens[len(d.tokens)-1]
	other := newSecretDB(t, rand.New(rand.NewPCG(7, 7)), 3, 5, engine.Options{PageSize: 512, BlockSize: 64 << 10})
	for i, f := range other.moments {
		if _, err := other.show(f, o); !errors.Is(err, engine.ErrRolledBack) {
			t.Errorf("moment %d of another database: %v", i, err)
		}
	}
	if _, err := d.show(files{}, o); err == nil {
		t.Error("no files at all are opened as a new database")
	}
}
