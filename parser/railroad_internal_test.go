// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/railroad"
)

var sentences = flag.Int("railroad.sentences", 500, "how many sentences of the documented grammar are tried")

func documentedGrammar(t *testing.T) *railroad.Grammar {
	t.Helper()
	text, err := os.ReadFile("../docs/railroad/grammar.ebnf")
	if err != nil {
		t.Fatal(err)
	}
	g, err := railroad.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The grammar in the documentation and the parser's own have the same words, and the
// same functions.
func TestDocumentedWords(t *testing.T) {
	documented := map[string]bool{}
	for _, term := range documentedGrammar(t).Terminals() {
		documented[term.Text] = true
	}
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(grammar().String(), -1) {
		if word := m[1]; !documented[word] {
			t.Errorf("the parser knows %s, and the grammar in docs does not", word)
		}
	}
	for op := range precedences {
		if !documented[op] {
			t.Errorf("the parser knows %s, and the grammar in docs does not", op)
		}
	}
	for name := range functions {
		if !documented[name] {
			t.Errorf("the function %s is not in the grammar in docs", name)
		}
	}
}

// The page on the dialect lists the words that are reserved.
func TestDocumentedReservedWords(t *testing.T) {
	text, err := os.ReadFile("../docs/dialect.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "words that SQLite reserves:")
	_, list, _ = strings.Cut(list, "```")
	list, _, _ = strings.Cut(list, "```")
	documented := wordSet(list)
	for word := range reserved {
		if !documented[word] {
			t.Errorf("%s is reserved, and the page does not say so", word)
		}
	}
	if len(documented) != len(reserved) {
		t.Errorf("the page lists %d words, and %d are reserved", len(documented), len(reserved))
	}
}

// words makes tokens at random.
type words struct{ *rand.Rand }

func (w words) one(list ...string) string { return list[w.IntN(len(list))] }

func (w words) token(name string) string {
	switch name {
	case "text":
		return w.one("'a'", "''", "'it''s'")
	case "blob":
		return w.one("x'00ff'", "X''")
	case "integer":
		return w.one("0", "7", "0x1F")
	case "number":
		return w.one("0", "12", "1.5", ".5", "2.", "1e3", "0x1F")
	case "parameter":
		return w.one("?", "?2", ":k", "@v", "$n")
	case "name":
		return w.one("x", "first_name", `"a b"`, "[c d]", "`e`", "é")
	case "word":
		return w.one("x", "ON", "full", `"a"`)
	case "reserved word":
		return w.one("ON", "select")
	case "hex digit":
		return w.one("0", "9", "a", "F")
	case "digit":
		return w.one("0", "1", "9")
	case "letter or _":
		return w.one("a", "Z", "_", "é")
	case "letter, digit, _ or $":
		return w.one("a", "Z", "_", "0", "$", "é")
	case "any text without */":
		return w.one("", "x", "*", "\n")
	case "any character but the end of the line":
		return w.one("x", "'", "*/")
	}
	for _, c := range []string{"'", `"`, "]", "`"} {
		if name == "any character but "+c {
			others := strings.ReplaceAll(";'\"]`é -", c, "")
			r := []rune(others)
			return string(r[w.IntN(len(r))])
		}
	}
	panic("no token is made for " + name)
}

// matcher recognises sentences whose words are tokens as the scanner cuts them. With
// loose set, every word that is not reserved is a name.
func matcher(t *testing.T, g *railroad.Grammar, loose bool) *railroad.Matcher {
	written := map[string]bool{}
	for _, term := range g.Terminals() {
		written[strings.ToUpper(term.Text)] = true
	}
	return &railroad.Matcher{
		Grammar: g,
		Terminal: func(word string, term railroad.Terminal) bool {
			return strings.EqualFold(word, term.Text)
		},
		Token: func(word, name string) bool {
			if word == ";" { // which the scanner takes for the end of a statement
				return false
			}
			tokens, err := scan(word)
			if err != nil || len(tokens) != 1 {
				t.Fatalf("%q is not one token: %v", word, err)
			}
			tok := tokens[0]
			switch name {
			case "name":
				switch {
				case loose:
					return tok.kind == tokName || tok.is("LIKE") || tok.is("GLOB")
				default:
					return tok.kind == tokName && !written[upperASCII(tok.text)]
				}
			case "word":
				return tok.kind == tokName || tok.kind == tokKeyword
			case "text":
				return word[0] == '\''
			case "blob":
				return len(word) > 1 && word[1] == '\''
			case "parameter":
				return strings.ContainsAny(word[:1], "?:@$")
			case "number":
				return tok.kind == tokValue && isNumber(tok.text)
			case "integer":
				return tok.kind == tokValue && isNumber(tok.text) && (len(word) > 1 && word[1]|0x20 == 'x' || !strings.ContainsAny(word, ".eE"))
			}
			t.Fatalf("no token is called %s", name)
			return false
		},
	}
}

// typeErrors are what Compile says about sentences that are well formed and mean nothing.
var typeErrors = []string{
	"bytes cannot be compared", "has no value", "is not a condition", "all aggregates or none",
	"cannot be the number", "RETURNING has no aggregates", "excluded has a meaning", "there is no row here",
	"numbers do not sort", "is a number", "called key",
}

// judge returns what the parser says of a text: whether it is well formed, and if not,
// or if it means nothing, the error.
func judge(text string) (wellFormed bool, err error) {
	list, err := Parse(text)
	if err != nil {
		return false, err
	}
	for _, st := range list {
		if _, err := Compile(st, nil); err != nil {
			var perr *Error
			if !errors.As(err, &perr) {
				return true, err // a number as a key, say
			}
			return slices.ContainsFunc(typeErrors, func(s string) bool { return strings.Contains(perr.Msg, s) }), err
		}
	}
	return true, nil
}

// Every sentence of the grammar in the documentation is taken by the parser; and what the
// grammar does not have, because a word is missing, changed or too much, the parser
// refuses.
func TestDocumentedGrammar(t *testing.T) {
	g := documentedGrammar(t)
	r := rand.New(rand.NewPCG(1, 2))
	w := words{r}
	gen := railroad.Generator{Grammar: g, Rand: r, Word: w.token}
	strict, loose := matcher(t, g, false), matcher(t, g, true)
	var pool []string
	for _, term := range g.Terminals() {
		pool = append(pool, term.Text)
	}
	for _, name := range []string{"text", "blob", "integer", "number", "parameter", "name"} {
		pool = append(pool, w.token(name), w.token(name))
	}

	meaning, refused, undecided := 0, 0, 0
	for range *sentences {
		sentence := gen.Sentence("script")
		text := strings.Join(sentence, " ")
		wellFormed, err := judge(text)
		if !wellFormed {
			t.Fatalf("the grammar has this sentence, and the parser refuses it:\n%s\n%v", text, err)
		}
		if err == nil {
			meaning++
		}
		if !loose.Matches("script", sentence) {
			t.Fatalf("a sentence of the grammar is not recognised: %s", text)
		}

		wrong := mutate(w, sentence, pool)
		text = strings.Join(wrong, " ")
		switch wellFormed, err = judge(text); {
		case !wellFormed && strict.Matches("script", wrong):
			t.Fatalf("the grammar has this sentence, and the parser refuses it:\n%s\n%v", text, err)
		case loose.Matches("script", wrong):
		case err == nil:
			t.Fatalf("the parser takes this, and the grammar does not have it:\n%s", text)
		case wellFormed:
			undecided++ // Compile stops at the first error, and there may be another
		default:
			refused++
		}
	}
	t.Logf("of %d sentences %d have a meaning; %d changed ones are refused, and %d for their types", *sentences, meaning, refused, undecided)
	if meaning < *sentences/4 || refused < *sentences/4 || undecided > refused/4 {
		t.Errorf("of %d sentences %d have a meaning; %d changed ones are refused, and %d for their types: this shows little", *sentences, meaning, refused, undecided)
	}
}

// mutate leaves out, doubles, replaces, inserts or swaps a word.
func mutate(w words, sentence, pool []string) []string {
	if len(sentence) == 0 {
		return []string{w.one(pool...)}
	}
	out := slices.Clone(sentence)
	i := w.IntN(len(out))
	switch w.IntN(5) {
	case 0:
		return slices.Delete(out, i, i+1)
	case 1:
		return slices.Insert(out, i, out[i])
	case 2:
		out[i] = w.one(pool...)
	case 3:
		return slices.Insert(out, i, w.one(pool...))
	default:
		j := w.IntN(len(out))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// The rules of tokens say what the scanner takes for one token.
func TestDocumentedTokens(t *testing.T) {
	g := documentedGrammar(t)
	r := rand.New(rand.NewPCG(3, 4))
	gen := railroad.Generator{Grammar: g, Rand: r, Word: words{r}.token}
	match := matcher(t, g, true)
	for _, rule := range g.Rules {
		if !rule.Token {
			continue
		}
		for range 200 {
			text := strings.Join(gen.Sentence(rule.Name), "")
			tokens, err := scan(text)
			switch {
			case err != nil:
				t.Errorf("%s: %q: %v", rule.Name, text, err)
			case rule.Name == "comment" && len(tokens) > 0:
				t.Errorf("%s: %q is scanned as %v", rule.Name, text, tokens)
			case rule.Name == "comment":
			case len(tokens) != 1:
				t.Errorf("%s: %q is scanned as %v", rule.Name, text, tokens)
			case rule.Name != "name" && !match.Token(text, rule.Name):
				t.Errorf("%s: %q is another token", rule.Name, text)
			case rule.Name == "name" && tokens[0].kind != tokName && !reserved[upperASCII(tokens[0].text)]:
				t.Errorf("%s: %q is another token", rule.Name, text)
			}
		}
	}
}
