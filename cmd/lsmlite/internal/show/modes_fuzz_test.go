// SPDX-License-Identifier: Apache-2.0

package show

import "testing"

// FuzzParseMode: a text is the name of a mode or an error.
func FuzzParseMode(f *testing.F) {
	for _, m := range Modes() {
		f.Add(string(m.Mode))
	}
	f.Add("no such")
	f.Fuzz(func(t *testing.T, name string) {
		if m, err := ParseMode(name); err == nil && string(m) != name || err != nil && m != "" {
			t.Errorf("%q is %q, %v", name, m, err)
		}
	})
}
