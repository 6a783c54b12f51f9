// SPDX-License-Identifier: Apache-2.0

package pathname

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
)

var styles = []Style{{}, {Windows: true}}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		style     Style
		key, want string
	}{
		{Style{}, "a/b.txt", "a/b.txt"},
		{Style{}, "", "%-"},
		{Style{}, "/etc/passwd", "%-/etc/passwd"},
		{Style{}, "../../up", "%2e%2e/%2e%2e/up"},
		{Style{}, "a//b/", "a/%-/b/%-"},
		{Style{}, "100%", "100%25"},
		{Style{}, "a\x00\xff", "a%00%ff"},
		{Style{}, "user:1", "user:1"},
		{Style{}, "Ä", "Ä"},
		{Style{Windows: true}, `C:\x`, "C%3a%5cx"},
		{Style{Windows: true}, "con.txt/a. /COM1", "%63on.txt/a.%20/%43OM1"},
		{Style{}, strings.Repeat("x", 201), strings.Repeat("x", 200) + "%~/x"},
	} {
		if got := c.style.Path([]byte(c.key)); got != c.want {
			t.Errorf("%+v of %q is %s, want %s", c.style, c.key, got, c.want)
		}
	}
}

func TestKeyRefuses(t *testing.T) {
	for _, path := range []string{"100%", "%zz", "a%2", "a/%"} {
		if key, err := Key(path); err == nil {
			t.Errorf("%s is %q, want an error", path, key)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, k := range []string{"", ".", "..", "a/../b", "//", "%~", "%+", "a%-", "NUL", "\xff", strings.Repeat("é", 150)} {
		f.Add([]byte(k))
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		for _, s := range styles {
			path := s.Path(key)
			if !fs.ValidPath(path) || strings.Contains(path, "\x00") {
				t.Fatalf("%+v of %q is %q, which leads elsewhere", s, key, path)
			}
			names := strings.Split(path, "/")
			for i, name := range names {
				if len(name) > MaxName+len(goes) {
					t.Fatalf("%q has a name of %d bytes", path, len(name))
				}
				if i%2 == 1 {
					names[i] = Another(name)
				}
			}
			for _, p := range []string{path, strings.Join(names, "/")} {
				if got, err := Key(p); err != nil || !bytes.Equal(got, key) {
					t.Fatalf("%+v of %q is %q, read back as %q, %v", s, key, p, got, err)
				}
			}
		}
	})
}
