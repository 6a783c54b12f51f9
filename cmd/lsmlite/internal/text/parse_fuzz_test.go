// SPDX-License-Identifier: Apache-2.0

package text

import (
	"bytes"
	"testing"
)

// FuzzParse: what a person writes is bytes, which are shown and read as the same, or an error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a", "x'00ff'", "x'0'", `"a\x00\n"`, `"`, `""`, `"\q"`, "\xff", "X'AA'", "x'zz'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(Show(b)); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is %q, shown as %s, and that is %q, %v", s, b, Show(b), again, err)
		}
	})
}
