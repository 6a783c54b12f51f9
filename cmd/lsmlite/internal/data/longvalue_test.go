// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// TestLongValue holds that scan takes no more memory for a long value than that and what is printed of it, and that
// export sql refuses one before it is read.
func TestLongValue(t *testing.T) {
	const length, besides = 48 << 20, 32 << 20
	path := filepath.Join(t.TempDir(), "my.lsm")
	e, _ := surroundings(bytes.NewReader(bytes.Repeat([]byte{0xff}, length)))
	if err := (Put{File: path, Key: "long"}).Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	e.Stdout = io.Discard
	var err error
	peak := watch(func() { err = Scan{scan{File: path}}.Run(t.Context(), e) })
	if err != nil || peak > 3*length+besides {
		t.Errorf("scan: %d MiB, %v", peak>>20, err)
	}
	x := exportSQL{saving: saving{File: path}, toFile: toFile{Output: "-"}, Table: "kv"}
	peak = watch(func() { err = x.Run(t.Context(), e) })
	if env.CodeOf(err) != env.Refused || peak > besides {
		t.Errorf("export sql: %d MiB, %v", peak>>20, err)
	}
}
