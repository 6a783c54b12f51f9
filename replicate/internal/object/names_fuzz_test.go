// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// FuzzParseName: of all names that a store may list, only those say something that this package makes of what they say.
func FuzzParseName(f *testing.F) {
	s := object.SnapshotID{Gen: 7, Seq: 129, Attempt: 0xabc}
	for _, name := range []string{object.BaseName(7), object.LogName(7, 129, 3), s.Index(), s.Part(4), object.GenerationPrefix(7),
		object.LogPrefix(7), object.BaseName(1<<32 - 1), object.Generations + "+7/base", object.LogName(7, 1<<64-1, 1<<31-1), ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := object.ParseName(name)
		if !ok {
			return
		}
		again := ""
		switch n.Kind {
		case object.KindBase:
			again = object.BaseName(n.Gen)
		case object.KindLog:
			again = object.LogName(n.Gen, n.Seq, n.Part)
		case object.KindIndex:
			again = n.Snapshot.Index()
		case object.KindPart:
			again = n.Snapshot.Part(n.Part)
		}
		if again != name || n.Part < 0 || n.Snapshot != (object.SnapshotID{}) && (n.Snapshot.Gen != n.Gen || n.Snapshot.Seq != n.Seq) {
			t.Errorf("%q is %+v, which is called %q", name, n, again)
		}
	})
}
