package base_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// An error shows the beginning and the end of what is long, and holds all of it.
func TestErrorsCutTheirTexts(t *testing.T) {
	const size = 1 << 20
	for _, letter := range []string{"x", "é", "€", "\xff"} {
		long := "begin/" + strings.Repeat(letter, size) + "/end"
		cause := &fs.PathError{Op: "open", Path: long, Err: errors.New("reason")}
		for name, err := range map[string]error{
			"path":             &base.Error{Op: "open", Path: long, Code: base.CodeIO},
			"op":               &base.Error{Op: long, Code: base.CodeIO},
			"path alone":       &base.Error{Path: long, Code: base.CodeIO},
			"detail":           &base.Error{Op: "open", Detail: long},
			"cause":            &base.Error{Op: "open", Path: "p", Err: cause},
			"all":              &base.Error{Op: "open", Path: long, Detail: long, Err: cause},
			"nested":           &base.Error{Path: long, Err: &base.Error{Path: long, Err: &base.Error{Path: long, Err: cause}}},
			"corrupt file":     &base.CorruptionError{File: long, Offset: 1, Detail: "d"},
			"corrupt detail":   base.Corruptf("%s", long),
			"corrupt cause":    &base.CorruptionError{File: "f", Detail: "d", Err: cause},
			"corrupt in error": &base.Error{Path: long, Err: &base.CorruptionError{File: long, Detail: long, Err: cause}},
		} {
			text := err.Error()
			if len(text) > 5*base.MaxErrorText || !strings.Contains(text, "begin/") || !strings.Contains(text, "…") {
				t.Errorf("%s of %q: %d bytes: %.80q", name, letter, len(text), text)
			}
			if !utf8.ValidString(text) {
				t.Errorf("%s of %q: cut within a character", name, letter)
			}
			var e *base.Error
			if errors.As(err, &e) && e.Path != "" && e.Path != long && e.Path != "p" {
				t.Errorf("%s: the field is cut", name)
			}
			var c *base.CorruptionError
			if errors.As(err, &c) && c.File != "" && c.File != long && c.File != "f" {
				t.Errorf("%s: the field is cut", name)
			}
			var p *fs.PathError
			if errors.As(err, &p) && (p.Path != long || !strings.Contains(text, "reason")) {
				t.Errorf("%s: the cause is cut, or its reason is: %s", name, text)
			}
		}
	}
}

// An error can be shown anywhere: no text of another's makes it have more lines, or moves
// the cursor of a terminal.
func TestErrorsShowNoControlCharacters(t *testing.T) {
	const odd, shown = "a\nb\r\x1b[2J\x00\x7f\u009b\xff\tc", "a\uFFFDb\uFFFD\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD\tc"
	for _, c := range []struct {
		err  error
		want string
	}{
		{&base.Error{Op: odd, Path: odd, Detail: odd}, "lsmlite: " + shown + " " + shown + ": " + shown},
		{&base.Error{Path: odd, Code: base.CodeIO}, "lsmlite: " + shown + ": " + base.CodeIO.String()},
		{&base.CorruptionError{File: odd, Offset: -1, Detail: odd}, "lsmlite: " + shown + " is corrupt: " + shown},
		// A cause may have lines of its own, as that of a statement with its caret has.
		{&base.Error{Op: "parse", Detail: "d", Err: errors.New(odd)}, "lsmlite: parse: d: " + strings.Replace(shown, "a\uFFFDb", "a\nb", 1)},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestShortTextsAreNotCut(t *testing.T) {
	path := strings.Repeat("p", base.MaxErrorText)
	want := "lsmlite: open " + path + ": " + path + ": " + path
	if got := (&base.Error{Op: "open", Path: path, Detail: path, Err: errors.New(path)}).Error(); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}
