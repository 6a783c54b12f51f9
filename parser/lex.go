package parser

import (
	"io"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The token types. A token's Value is its source text, except that words are in upper
// case, so that the grammar can match them; what the user wrote is found by its offset.
// Only the offset of a token's position is set, because lines and columns are wanted
// for errors alone. Participle pays for every alternative it tries, so tokens that stand
// in the same places have the same type.
const (
	tokEOF     = lexer.EOF
	tokKeyword = iota // a word that SQLite reserves
	tokName           // any other word, "name", [name] or `name`
	tokValue          // 'text', x'hex', a number or a parameter
	tokInfix          // a binary operator, words included, except IN
	tokMark           // one of ( ) , . ;
)

var symbols = map[string]lexer.TokenType{
	"EOF": tokEOF, "Keyword": tokKeyword, "Name": tokName, "Value": tokValue, "Infix": tokInfix, "Mark": tokMark,
}

// reserved are the words that SQLite does not take for a name unless they are quoted.
var reserved = wordSet(`ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT
	CONSTRAINT CREATE DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN
	FROM GROUP HAVING IN INDEX INSERT INTERSECT INTO IS ISNULL JOIN LIMIT NOT NOTHING NOTNULL
	NULL ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO TRANSACTION UNION
	UNIQUE UPDATE USING VALUES WHEN WHERE`)

// wordOperators are the binary operators that are words, apart from IN, on whose right
// no operand stands. LIKE and GLOB serve as names too, because SQLite does not reserve
// them.
var wordOperators = wordSet("AND OR BETWEEN LIKE GLOB")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// Character classes, by byte. Every byte of a character outside ASCII is idStart, as in
// SQLite.
const (
	idStart = 1 << iota
	idPart
	digit
	hexDigit
	blank
)

var classes = func() (c [256]uint8) {
	for i := range c {
		b := byte(i)
		switch {
		case b >= '0' && b <= '9':
			c[i] = idPart | digit | hexDigit
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			c[i] = idStart | idPart | hexDigit
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80:
			c[i] = idStart | idPart
		case b == '$':
			c[i] = idPart
		case b == ' ' || b == '\t' || b == '\n' || b == '\f' || b == '\r':
			c[i] = blank
		}
	}
	return c
}()

const byteOrderMark = "\ufeff" // a blank, wherever it stands, as in SQLite

// scanner cuts a text into tokens.
type scanner struct {
	text   string
	pos    int
	nested int
}

// scan returns the tokens of text, without blanks and comments. It guards the parser:
// nesting deeper than MaxNesting is refused here, before anything recurses.
func scan(text string) ([]lexer.Token, error) {
	if len(text) > MaxTextBytes {
		return nil, &Error{Line: 1, Column: 1, TooBig: true, Msg: "the text is longer than " + strconv.Itoa(MaxTextBytes) + " bytes"}
	}
	s := scanner{text: text}
	tokens := make([]lexer.Token, 0, min(16+len(text)/4, 1024))
	for {
		s.skipBlanks()
		if s.pos == len(text) {
			return tokens, nil
		}
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		if len(tokens) == MaxTokens {
			return nil, tooBig(s.fail(s.pos-len(t.Value), s.pos, "the text has more than "+strconv.Itoa(MaxTokens)+" tokens"))
		}
		tokens = append(tokens, t)
	}
}

func (s *scanner) fail(from, to int, msg string) error {
	e := errorAt(s.text, from, to)
	e.Msg = msg
	return e
}

// tooBig marks an *Error as one of a text that is too long.
func tooBig(err error) error {
	err.(*Error).TooBig = true
	return err
}

func (s *scanner) skipBlanks() {
	for s.pos < len(s.text) {
		rest := s.text[s.pos:]
		switch {
		case classes[rest[0]]&blank != 0:
			s.pos++
		case strings.HasPrefix(rest, "--"):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				s.pos += i
			} else {
				s.pos = len(s.text)
			}
		case strings.HasPrefix(rest, "/*"):
			// SQLite takes a comment that nothing closes as one that reaches to the end.
			if i := strings.Index(rest[2:], "*/"); i >= 0 {
				s.pos += i + 4
			} else {
				s.pos = len(s.text)
			}
		case strings.HasPrefix(rest, byteOrderMark):
			s.pos += len(byteOrderMark)
		default:
			return
		}
	}
}

// next returns the token at s.pos and moves behind it.
func (s *scanner) next() (lexer.Token, error) {
	start := s.pos
	c := s.text[start]
	if (c == 'x' || c == 'X') && s.at(start+1) == '\'' {
		return s.blob()
	}
	switch {
	case classes[c]&idStart != 0:
		return s.word(), nil
	case classes[c]&digit != 0, c == '.' && classes[s.at(start+1)]&digit != 0:
		return s.number()
	}
	switch c {
	case '\'':
		return s.quoted(tokValue, '\'', "a text that no quote closes")
	case '"', '`':
		return s.quoted(tokName, c, "a name that no quote closes")
	case '[':
		if i := strings.IndexByte(s.text[start:], ']'); i >= 0 {
			return s.token(tokName, start+i+1), nil
		}
		return lexer.Token{}, s.fail(start, len(s.text), "a name that no bracket closes")
	case '?', ':', '@', '$':
		return s.param()
	}
	return s.op()
}

// at returns the byte at offset i, or 0 behind the end.
func (s *scanner) at(i int) byte {
	if i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// skip returns the offset of the first byte from i on that is not of class.
func (s *scanner) skip(i int, class uint8) int {
	for i < len(s.text) && classes[s.text[i]]&class != 0 {
		i++
	}
	return i
}

func (s *scanner) token(t lexer.TokenType, end int) lexer.Token {
	start := s.pos
	s.pos = end
	return lexer.Token{Type: t, Value: s.text[start:end], Pos: lexer.Position{Offset: start}}
}

func (s *scanner) word() lexer.Token {
	t := s.token(tokName, s.skip(s.pos, idPart))
	t.Value = upperASCII(t.Value)
	switch {
	case wordOperators[t.Value]:
		t.Type = tokInfix
	case reserved[t.Value]:
		t.Type = tokKeyword
	}
	return t
}

func (s *scanner) number() (lexer.Token, error) {
	i := s.pos
	if s.at(i) == '0' && s.at(i+1)|0x20 == 'x' && classes[s.at(i+2)]&hexDigit != 0 {
		i = s.skip(i+2, hexDigit)
	} else {
		i = s.skip(i, digit)
		if s.at(i) == '.' {
			i = s.skip(i+1, digit)
		}
		if s.at(i)|0x20 == 'e' {
			j := i + 1
			if c := s.at(j); c == '+' || c == '-' {
				j++
			}
			if classes[s.at(j)]&digit != 0 {
				i = s.skip(j, digit)
			}
		}
	}
	if end := s.skip(i, idPart); end > i {
		return lexer.Token{}, s.fail(s.pos, end, "a number runs into a letter or digit: "+cutEnd(s.text[s.pos:end], maxTokenBytes))
	}
	return s.token(tokValue, i), nil
}

func (s *scanner) blob() (lexer.Token, error) {
	end := s.skip(s.pos+2, hexDigit)
	if s.at(end) != '\'' {
		return lexer.Token{}, s.fail(s.pos, min(end+1, len(s.text)), "x'…' holds hexadecimal digits only, up to a closing quote")
	}
	if (end-s.pos)%2 != 0 {
		return lexer.Token{}, s.fail(s.pos, end+1, "x'…' needs an even number of digits")
	}
	return s.token(tokValue, end+1), nil
}

// quoted reads up to the closing quote; a doubled quote stands for itself.
func (s *scanner) quoted(t lexer.TokenType, quote byte, unclosed string) (lexer.Token, error) {
	for i := s.pos + 1; ; i++ {
		n := strings.IndexByte(s.text[min(i, len(s.text)):], quote)
		if n < 0 {
			return lexer.Token{}, s.fail(s.pos, len(s.text), unclosed)
		}
		if i += n + 1; s.at(i) != quote {
			return s.token(t, i), nil
		}
	}
}

func (s *scanner) param() (lexer.Token, error) {
	class := uint8(idPart)
	if s.text[s.pos] == '?' {
		class = digit
	}
	end := s.skip(s.pos+1, class)
	switch {
	case class == idPart && end == s.pos+1:
		return lexer.Token{}, s.fail(s.pos, end, "a parameter without a name")
	case class == digit && s.skip(end, idPart) > end:
		return lexer.Token{}, s.fail(s.pos, s.skip(end, idPart), "the parameter ? takes digits only; named ones begin with :, @ or $")
	}
	return s.token(tokValue, end), nil
}

func (s *scanner) op() (lexer.Token, error) {
	if s.pos+2 <= len(s.text) {
		switch s.text[s.pos : s.pos+2] {
		case "||", "==", "!=", "<>", "<=", ">=":
			return s.token(tokInfix, s.pos+2), nil
		}
	}
	t := lexer.TokenType(tokMark)
	switch s.text[s.pos] {
	case '(':
		if s.nested++; s.nested > MaxNesting {
			return lexer.Token{}, s.fail(s.pos, s.pos+1, "parentheses nest deeper than "+strconv.Itoa(MaxNesting))
		}
	case ')':
		s.nested = max(s.nested-1, 0)
	case ';':
		s.nested = 0
	case ',', '.':
	case '*', '/', '%', '+', '-', '=', '<', '>':
		t = tokInfix
	default:
		return lexer.Token{}, s.fail(s.pos, s.pos+1, "a character that begins nothing: "+strconv.QuoteRune(rune(s.text[s.pos])))
	}
	return s.token(t, s.pos+1), nil
}

// upperASCII returns s with the letters a to z in upper case. Others stay: SQL words
// match in ASCII only.
func upperASCII(s string) string { return mapASCII(s, 'a', 'z') }

// lowerASCII returns s with the letters A to Z in lower case.
func lowerASCII(s string) string { return mapASCII(s, 'A', 'Z') }

// mapASCII switches the case of the letters from first to last.
func mapASCII(s string, first, last byte) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= first && s[i] <= last {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= first && b[i] <= last {
					b[i] ^= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// statementLexer hands the tokens of one statement to participle.
type statementLexer struct {
	tokens []lexer.Token
	end    int // offset of the end of the statement
}

func (l *statementLexer) Next() (lexer.Token, error) {
	if len(l.tokens) == 0 {
		return lexer.EOFToken(lexer.Position{Offset: l.end}), nil
	}
	t := l.tokens[0]
	l.tokens = l.tokens[1:]
	return t, nil
}

// definition tells participle the token types. Statements are scanned before participle
// sees them, so Lex is there for the interface only.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType { return symbols }

func (definition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	tokens, err := scan(string(text))
	return &statementLexer{tokens, len(text)}, err
}
