// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/types"
	"slices"
	"testing"
)

// TestOnlyTheLayoutAsksForCompression: what differs between a compressed file and another is
// behind blockfile's layout, which is chosen once for a file, and in the numbers of its
// geometry. So nobody else asks which of the two it is.
func TestOnlyTheLayoutAsksForCompression(t *testing.T) {
	// What to blame for a broken link is not the same: a page carries it, or the block does.
	// And a check does not believe links in pages where it knows the blocks already.
	// A rescue reads files that no layout could be made for.
	excused := []string{"engine/internal/check/chain.go", "engine/internal/check/run.go", "engine/internal/rescue/input.go"}
	p := loadProgram(t)
	format := p.all[module+"/engine/internal/format"]
	var compressed types.Object
	geometry := format.Scope().Lookup("Geometry").Type().Underlying().(*types.Struct)
	for f := range geometry.Fields() {
		if f.Name() == "Compressed" {
			compressed = f
		}
	}
	if compressed == nil {
		t.Fatal("a geometry does not say whether the file is compressed")
	}
	asked := make(map[string]bool)
	for id, o := range p.info.Uses {
		user := p.files[p.fset.File(id.Pos())]
		if o != compressed || user == format {
			continue
		}
		file := relative(user.Path()) + "/" + p.fileName(id.Pos())
		asked[file] = true
		if !slices.Contains(excused, file) {
			t.Errorf("%s:%d: asks whether the file is compressed", file, p.fset.Position(id.Pos()).Line)
		}
	}
	for _, file := range excused {
		if !asked[file] {
			t.Errorf("%s does not ask whether the file is compressed any more", file)
		}
	}
}
