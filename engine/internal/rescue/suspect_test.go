// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
)

// TestNewerMetaPageBlank clears meta page 2 of files of C lsm1, where it has the newer checkpoint: the report says of
// all files of which rows are not the newest that they may be older.
func TestNewerMetaPageBlank(t *testing.T) {
	older := 0
	for _, s := range golden(t) {
		first, err := format.DecodeCheckpoint(s.data[:format.MetaSize])
		if err != nil || first.ID == s.ck.ID {
			continue
		}
		v := &victim{specimen: s, data: bytes.Clone(s.data)}
		clear(v.meta(1))
		r := open(t, v.data, s.log, rescue.Options{})
		wrong := 0
		for r.Next() {
			if o := s.rows[string(r.Key())]; o == nil || o.value != value(t, r) {
				wrong++
			}
		}
		rep := r.Finish()
		if wrong > 0 && !rep.Older || len(rep.Problems) == 0 {
			t.Errorf("%s: %d rows are not the newest; older %v, %q", s.name, wrong, rep.Older, rep.Problems)
		}
		if wrong > 0 {
			older++
		}
	}
	if _, err := os.Stat("../../../../shared/golden"); older == 0 && err != nil {
		t.Skip("no file of the repository is of that kind: it takes a larger collection of files of C lsm1")
	}
	if older == 0 {
		t.Error("there is no file of that kind")
	}
}
