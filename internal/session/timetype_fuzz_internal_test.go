// SPDX-License-Identifier: Apache-2.0

package session

import "testing"

// FuzzParseTime: a text that is a time is the only text of that time, or two times would be one key.
func FuzzParseTime(f *testing.F) {
	f.Add([]byte("2026-11-30T19:00:00.123456789Z"))
	f.Add([]byte("2026-02-30T24:00:00.000000000Z"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, ok := ParseTime(b); ok && at.UTC().Format(TimeLayout) != string(b) {
			t.Errorf("%q is the time %v, which is written as %q", b, at, at.UTC().Format(TimeLayout))
		}
	})
}
