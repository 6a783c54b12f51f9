// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"strconv"
	"strings"
)

const byteOrderMark = "\ufeff" // a blank, anywhere, as in SQLite

// scanner cuts a text into tokens, statement by statement. It guards the parser: what
// nests deeper than MaxNesting is refused here, before anything recurses.
type scanner struct {
	text   string
	pos    int
	nested int
	// count is the number of tokens and of semicolons so far.
	count  int
	buffer []token // of statement
}

// start begins with a text.
func (s *scanner) start(text string) error {
	*s = scanner{text: text, buffer: s.buffer}
	if len(text) > MaxTextBytes {
		return &Error{Line: 1, Column: 1, TooBig: true, Msg: "the text is longer than " + strconv.Itoa(MaxTextBytes) + " bytes"}
	}
	return nil
}

// maxTokens is how many tokens a text may have, and maxStatements how many statements.
func maxTokens(text string) int     { return max(MaxTokens, len(text)/4) }
func maxStatements(text string) int { return max(MaxStatements, len(text)/32) }

// statement returns the tokens up to the next semicolon, without blanks and comments, and
// where they end. They are valid until the next call. The text is finished if done is set.
func (s *scanner) statement() (tokens []token, end int, done bool, err error) {
	tokens = s.buffer[:0]
	s.nested = 0
	for {
		s.skipBlanks()
		if s.pos == len(s.text) {
			s.buffer = tokens
			return tokens, s.pos, true, nil
		}
		if s.count++; s.count > maxTokens(s.text) {
			return nil, 0, false, tooBig(s.fail(s.pos, s.pos, "the text has more than "+strconv.Itoa(maxTokens(s.text))+" tokens"))
		}
		if s.text[s.pos] == ';' {
			s.pos++
			s.buffer = tokens
			return tokens, s.pos - 1, false, nil
		}
		t, err := s.next()
		if err != nil {
			return nil, 0, false, err
		}
		if len(tokens) == cap(tokens) { // about as many as the text may hold
			tokens = append(make([]token, 0, max(16, 2*cap(tokens), min((len(s.text)-int(t.start))/4, 1024))), tokens...)
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

// next returns the token at s.pos and moves past it.
func (s *scanner) next() (token, error) {
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
		return token{}, s.fail(start, len(s.text), "a name that no bracket closes")
	case '?', ':', '@', '$':
		return s.param()
	}
	return s.op()
}

// at returns the byte at offset i, or 0 after the end.
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

func (s *scanner) token(kind uint8, end int) token {
	start := s.pos
	s.pos = end
	return token{text: s.text[start:end], start: int32(start), kind: kind}
}

func (s *scanner) word() token {
	t := s.token(tokName, s.skip(s.pos, idPart))
	if t.word = lookUp(t.text); t.word != 0 {
		t.kind = wordKinds[t.word]
	}
	return t
}

func (s *scanner) number() (token, error) {
	i := s.numberEnd()
	if end := s.skip(i, idPart); end > i {
		return token{}, s.fail(s.pos, end, "a number runs into a letter or digit: "+cutEnd(s.text[s.pos:end], maxTokenBytes))
	}
	return s.token(tokValue, i), nil
}

// numberEnd returns where the number at s.pos ends.
func (s *scanner) numberEnd() int {
	i := s.pos
	if s.at(i) == '0' && s.at(i+1)|0x20 == 'x' && classes[s.at(i+2)]&hexDigit != 0 {
		return s.skip(i+2, hexDigit)
	}
	i = s.skip(i, digit)
	if s.at(i) == '.' {
		i = s.skip(i+1, digit)
	}
	if s.at(i)|0x20 != 'e' {
		return i
	}
	j := i + 1
	if c := s.at(j); c == '+' || c == '-' {
		j++
	}
	if classes[s.at(j)]&digit != 0 {
		return s.skip(j, digit)
	}
	return i
}

func (s *scanner) blob() (token, error) {
	end := s.skip(s.pos+2, hexDigit)
	if s.at(end) != '\'' {
		return token{}, s.fail(s.pos, min(end+1, len(s.text)), "x'…' holds hexadecimal digits only, up to a closing quote")
	}
	if (end-s.pos)%2 != 0 {
		return token{}, s.fail(s.pos, end+1, "x'…' needs an even number of digits")
	}
	return s.token(tokValue, end+1), nil
}

// quoted reads up to the closing quote; a doubled quote stands for itself.
func (s *scanner) quoted(kind uint8, quote byte, unclosed string) (token, error) {
	for i := s.pos + 1; ; i++ {
		n := strings.IndexByte(s.text[min(i, len(s.text)):], quote)
		if n < 0 {
			return token{}, s.fail(s.pos, len(s.text), unclosed)
		}
		if i += n + 1; s.at(i) != quote {
			return s.token(kind, i), nil
		}
	}
}

func (s *scanner) param() (token, error) {
	class := uint8(idPart)
	if s.text[s.pos] == '?' {
		class = digit
	}
	end := s.skip(s.pos+1, class)
	switch {
	case class == idPart && end == s.pos+1:
		return token{}, s.fail(s.pos, end, "a parameter without a name")
	case class == digit && s.skip(end, idPart) > end:
		return token{}, s.fail(s.pos, s.skip(end, idPart), "the parameter ? takes digits only; named ones begin with :, @ or $")
	}
	return s.token(tokValue, end), nil
}

func (s *scanner) op() (token, error) {
	if s.pos+2 <= len(s.text) {
		if isPair(s.text[s.pos : s.pos+2]) {
			return s.token(tokInfix, s.pos+2), nil
		}
	}
	kind := uint8(tokMark)
	switch s.text[s.pos] {
	case '(':
		if s.nested++; s.nested > MaxNesting {
			return token{}, s.fail(s.pos, s.pos+1, "parentheses nest deeper than "+strconv.Itoa(MaxNesting))
		}
	case ')':
		s.nested = max(s.nested-1, 0)
	case ',', '.':
	case '*', '/', '%', '+', '-', '=', '<', '>':
		kind = tokInfix
	case '&', '|', '~':
		return token{}, s.fail(s.pos, s.pos+1, "there are no operators on bits here; compute in the program")
	default:
		return token{}, s.fail(s.pos, s.pos+1, "a character that begins nothing: "+strconv.QuoteRune(rune(s.text[s.pos])))
	}
	return s.token(kind, s.pos+1), nil
}

// isPair reports whether two bytes are an operator.
func isPair(s string) bool {
	switch s {
	case "||", "==", "!=", "<>", "<=", ">=":
		return true
	}
	return false
}

// scan returns the tokens of one statement.
func scan(text string) ([]token, error) {
	var s scanner
	if err := s.start(text); err != nil {
		return nil, err
	}
	tokens, _, _, err := s.statement()
	return tokens, err
}
