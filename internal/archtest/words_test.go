// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// words are those that documents and comments do not use, each with what to write instead:
// plain English, and one word per idea. A key is a regular expression for whole words.
var words = map[string]string{
	// One word per idea.
	`writer's place`:                     "the writer's turn",
	`place is taken`:                     "another transaction has the writer's turn",
	`page checks?`:                       "page sum: the check is DB.Check",
	`look-ups?`:                          "lookup",
	`behind`:                             "after, for order in a file or in time; past, for a move",
	`beside`:                             "next to, besides, while, or together with",
	`who(m)?ever`:                        "the caller, the goroutine that …, the program that …",
	`(some|any|every)body`:               "another process, another transaction, the caller, all readers",
	`(tell|tells|told|telling) of`:       "reports, describes",
	`asks? for`:                          "needs, requests, names, calls",
	`(asked|asking) for`:                 "requested, called, set",
	`(is|are|was|were|be|been|not) said`: "is set, is given",
	`in force`:                           "current, active, applies",
	`of ours`:                            "that lsmlite wrote, our own",
	`to be had`:                          "available, free",
	`at hand`:                            "known, there",
	`in hand`:                            "while it holds",

	// Words that need a second reading.
	`anew`:                    "again",
	`likewise`:                "in the same way",
	`but for`:                 "except for",
	`but that`:                "except that",
	`all the same`:            "still, even so",
	`as ever`:                 "as always, as before",
	`for ever`:                "forever",
	`in the midst`:            "in the middle, while",
	`in spite of`:             "despite",
	`amiss`:                   "wrong",
	`superfluous`:             "no longer needed",
	`shall`:                   "must, will",
	`seldom`:                  "rarely",
	`wholly`:                  "entirely",
	`needs? not`:              "does not have to",
	`comes? to light`:         "appears",
	`become of`:               "happened to",
	`by what for`:             "by purpose",
	`by way of`:               "through, by",
	`next to nothing`:         "almost nothing",
	`next to no`:              "almost no",
	`one's own`:               "your own",
	`turn(s|ed|ing)? round`:   "reverses",
	`sees? to it`:             "makes sure",
	`in vain`:                 "without effect",
	`none the less`:           "still",
	`as good as`:              "almost",
	`spoil(s|t|ed|ing)?`:      "damage",
	`by halves`:               "in part",
	`(tell|tells|told) apart`: "distinguishes",
	`told from`:               "distinguished from",
	`(came|come|comes) of`:    "the result of",
	`(takes?|taken|took) for`: "treated as, looks like, read as",
	`lets? go of`:             "releases",
	`gets? on`:                "makes progress",
	`lest|hitherto|thereby|hence|thus|upon|whilst|amidst|thither`: "a plain word",
	`thereof|therein|wherein|whereby|whereupon`:                   "a plain word",
}

// TestWords looks for such words in the documents, and in the comments and the texts of Go
// code, except that of tests and examples.
func TestWords(t *testing.T) {
	bad := badWords()
	texts := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		for _, c := range prose(t, path, name) {
			texts++
			for re, instead := range bad {
				for _, m := range re.FindAllStringIndex(c.text, -1) {
					t.Errorf("%s:%d: %q; write %s", name, c.line+strings.Count(c.text[:m[0]], "\n"), c.text[m[0]:m[1]], instead)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if texts < 1000 {
		t.Errorf("only %d texts were found", texts)
	}
}

// TestBadWords makes sure that words are found across lines and whatever their case.
func TestBadWords(t *testing.T) {
	find := func(text string) (found int) {
		for re := range badWords() {
			found += len(re.FindAllString(text, -1))
		}
		return found
	}
	for text, want := range map[string]int{
		"Behind it, the writer's\n// place":      2,
		"the page\nchecks and a page check\n":    2,
		"evalBehind, a behindhand word, shallow": 0,
		"nothing\tneed\n\t// not be done":        1,
	} {
		if got := find(text); got != want {
			t.Errorf("%q: %d words, want %d", text, got, want)
		}
	}
}

func badWords() map[*regexp.Regexp]string {
	out := make(map[*regexp.Regexp]string)
	for word, instead := range words {
		out[regexp.MustCompile(`(?i)\b(?:`+strings.ReplaceAll(word, " ", `\s+(?://\s*)?`)+`)\b`)] = instead
	}
	return out
}

// part is a text to read, and the line on which it begins.
type part struct {
	line int
	text string
}

// prose returns what a file has of text: all of a document except code, and of Go code the
// comments and, for messages, the string literals.
func prose(t *testing.T, path, name string) []part {
	t.Helper()
	switch {
	case strings.HasSuffix(name, ".md"):
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return []part{{1, withoutCode(string(raw))}}
	case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
		return texts(t, path, !strings.HasPrefix(name, "examples/") && !strings.HasPrefix(name, "ecosystem/"))
	}
	return nil
}

// withoutCode blanks out code, so that lines keep their numbers.
func withoutCode(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = fencedBlock.ReplaceAllStringFunc(text, func(s string) string {
		return strings.Repeat("\n", strings.Count(s, "\n"))
	})
	return inlineCode.ReplaceAllString(text, "`")
}

func texts(t *testing.T, path string, literals bool) []part {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var out []part
	for _, group := range f.Comments {
		out = append(out, part{set.Position(group.Pos()).Line, raw(group)})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && literals && lit.Kind == token.STRING {
			out = append(out, part{set.Position(lit.Pos()).Line, lit.Value})
		}
		return true
	})
	return out
}

// raw is a comment as it is written, with its slashes.
func raw(group *ast.CommentGroup) string {
	var lines []string
	for _, c := range group.List {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}
