// SPDX-License-Identifier: Apache-2.0

package parser

// token is a piece of a text. text is what the user wrote. word is the number of a word
// that the grammar knows, 0 for everything else.
type token struct {
	text  string
	start int32
	kind  uint8
	word  uint8
}

func (t *token) end() int { return int(t.start) + len(t.text) }

// isNumber reports whether a value token is a number.
func isNumber(token string) bool {
	return token != "" && (classes[token[0]]&digit != 0 || token[0] == '.')
}

// unquote returns what a quoted text or name stands for.
func unquote(s string) string {
	quote := s[0]
	s = s[1 : len(s)-1]
	if quote == '[' {
		return s
	}
	for i := 0; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		out := append(make([]byte, 0, len(s)), s[:i]...)
		for ; i < len(s); i++ {
			out = append(out, s[i])
			if s[i] == quote {
				i++ // the second of two
			}
		}
		return string(out)
	}
	return s
}

// is reports whether the token is that word, or that mark.
func (t *token) is(word string) bool {
	if t.word != 0 {
		return knownWords[t.word] == word
	}
	return t.text == word
}

// kindOf returns the word that a statement begins with, after EXPLAIN if that is not all.
func kindOf(tokens []token) string {
	n := 0
	if tokens[0].is("EXPLAIN") {
		n = 1
		if len(tokens) > 1 && tokens[1].is("QUERY") {
			n = 3
		}
		if n >= len(tokens) {
			n = 0
		}
	}
	return knownWords[tokens[n].word]
}
