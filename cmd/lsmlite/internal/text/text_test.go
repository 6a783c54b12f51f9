// SPDX-License-Identifier: Apache-2.0

package text

import (
	"bytes"
	"testing"
)

func TestShow(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{"user/1", "user/1"},
		{"", ""},
		{"Zürich ☀", "Zürich ☀"},
		{`C:\new`, `C:\new`},
		{"x", "x"},
		{"x'", "x'"},
		{"x'00'", `"x'00'"`},
		{`"quoted"`, `"\"quoted\""`},
		{"two\nlines", `"two\nlines"`},
		{"user\x00\x01", `"user\x00\x01"`},
		{"\x00\xff", "x'00ff'"},
		{"\x1b[31mred", `"\x1b[31mred"`},
		{"a\u202eb", `"a\u202eb"`},
	} {
		if got := Show([]byte(c.bytes)); got != c.want {
			t.Errorf("Show(%q) = %s, want %s", c.bytes, got, c.want)
		}
		if got := AppendShow([]byte("+"), []byte(c.bytes)); string(got) != "+"+c.want {
			t.Errorf("AppendShow(%q) = %s, want +%s", c.bytes, got, c.want)
		}
	}
}

// TestMessage: nothing in a message steers a terminal.
func TestMessage(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain: ä 日本 \u00a0x\n\tnext": "plain: ä 日本 \u00a0x\n\tnext", "it's \"x\"": "it's \"x\"",
		"a\x1b[31mb\x07\r": `a\x1b[31mb\a\r`, "\u009b2J": `\u009b2J`, "a\u202eb": `a\u202eb`, "\xff\x00\x7f": `\xff\x00\x7f`,
		"\ufffd": "\ufffd",
	} {
		if got := Message(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"x'0'", "x'zz'", `"a"b"`, `"\q"`} {
		if b, err := Parse(s); err == nil {
			t.Errorf("Parse(%s) = %q, want an error", s, b)
		}
	}
}

func FuzzShow(f *testing.F) {
	for _, s := range []string{"", "a", "x''", `""`, `"`, "\xff\xfe", "a\x00", "\ufffd", "X'AA'"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Show(b)
		got, err := Parse(s)
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("Show(%q) = %s, which Parse reads as %q, %v", b, s, got, err)
		}
		if appended := AppendShow([]byte("+"), b); string(appended) != "+"+s {
			t.Fatalf("AppendShow(%q) = %s, and Show %s", b, appended[1:], s)
		}
		for _, r := range s {
			if r < ' ' || r == 0x7f {
				t.Fatalf("Show(%q) = %q has a control character", b, s)
			}
		}
	})
}
