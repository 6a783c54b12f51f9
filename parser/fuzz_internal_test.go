package parser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse checks that no text makes the parser panic, that an error points into the
// text, and that what parses prints as SQL with the same tree.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no files in testdata: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(raw), "\n\n") {
			head, _, _ := strings.Cut(block, "\n----")
			if _, sql, ok := strings.Cut(head, "\n"); ok {
				f.Add(sql)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		checkReparse(t, text, list)
		for _, st := range list {
			p, err := Compile(st)
			if err != nil {
				checkError(t, text, err)
				continue
			}
			checkBind(t, text, p)
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("%q: %T: %v", text, err, err)
	}
	if e.Offset < 0 || e.Offset > len(text) || e.Line < 1 || e.Column < 1 || e.Caret > len(e.Excerpt) {
		t.Fatalf("%q: %+v", text, e)
	}
	if e.Msg == "" && len(e.Expected) == 0 && len(text) < maxExpectedTokens {
		t.Fatalf("%q: the error does not say what was expected: %v", text, err)
	}
	if strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("%q: the message is not three lines: %q", text, err)
	}
}

// checkBind binds every parameter to one key.
func checkBind(t *testing.T, text string, p *Plan) {
	t.Helper()
	args := make([]Value, p.NumInput)
	for i := range args {
		args[i] = Value{Kind: Bytes, Bytes: []byte("k")}
	}
	var b Bounds
	if err := p.Keys.Bind(&b, args, nil); err != nil {
		if _, ok := err.(*BindError); !ok {
			t.Fatalf("%q: %T: %v", text, err, err)
		}
		return
	}
	for i := 1; i < b.Len(); i++ {
		if compareLo(*b.At(i - 1), *b.At(i)) >= 0 || b.At(i-1).reaches(b.At(i)) {
			t.Fatalf("%q: not a set: %s", text, show(&b))
		}
	}
}
