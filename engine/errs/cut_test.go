// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// An error shows the beginning and the end of what is long, and holds all of it.
func TestErrorsCutTheirTexts(t *testing.T) {
	const size = 1 << 20
	for _, letter := range []string{"x", "é", "€", "\xff"} {
		long := "begin/" + strings.Repeat(letter, size) + "/end"
		cause := &fs.PathError{Op: "open", Path: long, Err: errors.New("reason")}
		for name, err := range map[string]error{
			"path":             &errs.Error{Op: "open", Path: long, Code: errs.CodeIO},
			"op":               &errs.Error{Op: long, Code: errs.CodeIO},
			"path alone":       &errs.Error{Path: long, Code: errs.CodeIO},
			"detail":           &errs.Error{Op: "open", Detail: long},
			"cause":            &errs.Error{Op: "open", Path: "p", Err: cause},
			"all":              &errs.Error{Op: "open", Path: long, Detail: long, Err: cause},
			"nested":           &errs.Error{Path: long, Err: &errs.Error{Path: long, Err: &errs.Error{Path: long, Err: cause}}},
			"corrupt file":     &errs.CorruptionError{File: long, Offset: 1, Detail: "d"},
			"corrupt detail":   errs.Corruptf("%s", long),
			"corrupt cause":    &errs.CorruptionError{File: "f", Detail: "d", Err: cause},
			"corrupt in error": &errs.Error{Path: long, Err: &errs.CorruptionError{File: long, Detail: long, Err: cause}},
		} {
			text := err.Error()
			if len(text) > 5*errs.MaxErrorText || !strings.Contains(text, "begin/") || !strings.Contains(text, "…") {
				t.Errorf("%s of %q: %d bytes: %.80q", name, letter, len(text), text)
			}
			if !utf8.ValidString(text) {
				t.Errorf("%s of %q: cut within a character", name, letter)
			}
			var e *errs.Error
			if errors.As(err, &e) && e.Path != "" && e.Path != long && e.Path != "p" {
				t.Errorf("%s: the field is cut", name)
			}
			var c *errs.CorruptionError
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
		{&errs.Error{Op: odd, Path: odd, Detail: odd}, "lsmlite: " + shown + " " + shown + ": " + shown},
		{&errs.Error{Path: odd, Code: errs.CodeIO}, "lsmlite: " + shown + ": " + errs.CodeIO.String()},
		{&errs.CorruptionError{File: odd, Offset: -1, Detail: odd}, "lsmlite: " + shown + " is corrupt: " + shown},
		// A cause may have lines of its own, as that of a statement with its caret has.
		{&errs.Error{Op: "parse", Detail: "d", Err: errors.New(odd)}, "lsmlite: parse: d: " + strings.Replace(shown, "a\uFFFDb", "a\nb", 1)},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestShortTextsAreNotCut(t *testing.T) {
	path := strings.Repeat("p", errs.MaxErrorText)
	want := "lsmlite: open " + path + ": " + path + ": " + path
	if got := (&errs.Error{Op: "open", Path: path, Detail: path, Err: errors.New(path)}).Error(); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}
