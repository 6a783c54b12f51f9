package parser

import (
	"errors"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// maxExpectedTokens is the length of the prefix up to which expected works, because it
// parses the prefix once for every word of the language.
const maxExpectedTokens = 256

// candidate is a token that may be expected somewhere.
type candidate struct {
	token lexer.Token
	shown string
	group int
}

// Groups of candidates that are shown as one if all of them may follow.
const (
	single = iota
	primary
	operator
	numGroups
)

var groupNames = [numGroups]string{primary: "an expression", operator: "an operator"}

// candidates are all tokens of the language. Words get the type of a mark here,
// which the grammar matches as words but does not take for names: so a word is listed
// where it means something, and not wherever a name may stand.
var candidates = func() (list []candidate) {
	add := func(group int, t lexer.TokenType, value, shown string) {
		list = append(list, candidate{lexer.Token{Type: t, Value: value}, shown, group})
	}
	for _, word := range strings.Fields(`SELECT INSERT REPLACE UPDATE DELETE EXPLAIN PRAGMA CREATE
		BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE`) {
		add(single, tokMark, word, word)
	}
	add(primary, tokName, "A", "a name")
	add(primary, tokValue, "''", "a text")
	add(primary, tokValue, "x''", "x'…'")
	add(primary, tokValue, "1", "a number")
	add(primary, tokValue, "?", "a parameter")
	for _, op := range []string{"||", "/", "%", "<", "<=", ">", ">=", "==", "!=", "<>", "LIKE", "GLOB", "BETWEEN", "IN"} {
		t := lexer.TokenType(tokMark)
		if classes[op[0]]&idStart == 0 || wordOperators[op] {
			t = tokInfix
		}
		add(operator, t, op, op)
	}
	for _, word := range strings.Fields(`, . ( ) * = + - NOT AND OR FROM WHERE ORDER BY ASC DESC LIMIT OFFSET AS
		INTO VALUES ON CONFLICT DO NOTHING SET RETURNING QUERY PLAN TABLE IF EXISTS BLOB NULL PRIMARY KEY
		WITHOUT ROWID TRANSACTION DEFERRED IMMEDIATE EXCLUSIVE TO IGNORE ABORT INTEGER REAL TEXT`) {
		shown := word
		if classes[word[0]]&idStart == 0 {
			shown = strconv.Quote(word)
		}
		t := lexer.TokenType(tokMark)
		if continuesExpression[word] && word != "NOT" {
			t = tokInfix
		}
		add(single, t, word, shown)
	}
	return list
}()

// startsExpression and continuesExpression are what "an expression" and "an operator"
// say besides their groups.
var (
	startsExpression    = wordSet("( + - NOT")
	continuesExpression = wordSet("* = + - NOT AND OR")
)

// expected lists what may follow the tokens prefix. It asks the parser itself: what
// lets it get beyond the prefix may follow. This costs some hundred short parses and is
// done for an error only, but it cannot be wrong about the grammar.
// Without built, the grammar alone decides: that is for a prefix that no tree can be built
// of, whatever follows.
func expected(prefix []lexer.Token, built bool) []string {
	if len(prefix) > maxExpectedTokens {
		if prefix = shorten(prefix); len(prefix) > maxExpectedTokens {
			return nil
		}
	}
	at := 0
	if n := len(prefix); n > 0 {
		at = prefix[n-1].Pos.Offset + len(prefix[n-1].Value)
	}
	var allowed []candidate
	var refused [numGroups]bool
	names := false
	for _, c := range candidates {
		c.token.Pos.Offset = at
		if !goesOn(append(prefix, c.token), at, at+1, built) {
			refused[c.group] = true
			continue
		}
		allowed = append(allowed, c)
		names = names || c.token.Type == tokName
	}
	var list []string
	var shown [numGroups]bool
	for _, c := range allowed {
		whole := c.group != single && !refused[c.group]
		switch {
		case whole && shown[c.group]:
		case whole:
			shown[c.group] = true
			list = append(list, groupNames[c.group])
		case !refused[primary] && startsExpression[c.token.Value], !refused[operator] && continuesExpression[c.token.Value]:
			// Part of what "an expression" or "an operator" says.
		case c.token.Value == "LIKE" || c.token.Value == "GLOB":
			if names {
				continue // it is just one more name
			}
			list = append(list, c.shown)
		default:
			list = append(list, c.shown)
		}
	}
	if len(prefix) > 0 && goesOn(prefix, at, at, built) {
		list = append(list, "the end of the statement")
	}
	return list
}

// shorten drops finished entries from the lists of results, of rows and of IN that the
// prefix is in: what may follow does not depend on them.
func shorten(prefix []lexer.Token) []lexer.Token {
	var out []lexer.Token
	lists := []int{-1} // by open parenthesis, where in out the list begins, or -1 if it is not such a list
	for i, t := range prefix {
		out = append(out, t)
		last := len(lists) - 1
		switch t.Value {
		case "SELECT", "VALUES", "RETURNING":
			lists[last] = len(out)
		case "(":
			begin := -1
			if i > 0 && prefix[i-1].Value == "IN" {
				begin = len(out)
			}
			lists = append(lists, begin)
		case ")":
			if last > 0 {
				lists = lists[:last]
			}
		case ",":
			if lists[last] >= 0 {
				out = out[:lists[last]]
			}
		}
	}
	return out
}

// goesOn reports whether tokens, which end at the offset end, are a statement or the
// beginning of one that is wrong behind the offset at only. Whether the tree of a whole
// statement can be built counts if built is set.
func goesOn(tokens []lexer.Token, at, end int, built bool) bool {
	g, err := parseTokens(tokens, end)
	if err == nil {
		if !built {
			return true
		}
		// What participle lets pass is refused while the tree is built. Names are read
		// from the text, in which the last token does not stand; any text serves.
		trial := builder{text: strings.Repeat(" ", at+maxTokenBytes), numbers: map[string]int{}}
		_, err = trial.body(g)
		return err == nil
	}
	var perr participle.Error
	return errors.As(err, &perr) && perr.Position().Offset > at
}
