// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/parser"
)

// splitter cuts a text that comes piece by piece into statements, at the semicolons that are not in quotes or comments.
// It looks at each byte once, and holds one statement at most, of up to parser.MaxTextBytes; of a longer one it holds
// the beginning, so that the parser refuses it.
type splitter struct {
	buf   []byte
	state state
	quote byte // that ends stQuoted
	begun bool // a token of the statement has been seen; blanks and comments before it are not held

	// line and column are where the next byte is, and at where the statement begins; all count from 1.
	line, column int
	at           place
}

// place is a line and a column, in bytes, that count from 1.
type place struct{ line, column int }

type state uint8

const (
	stPlain   state = iota
	stQuoted        // up to quote
	stDash          // after a - that may begin a comment
	stSlash         // after a / that may begin a comment
	stLine          // in a comment that ends with the line
	stBlock         // in a comment /* */
	stBlockAt       // after a * in it
)

func newSplitter() *splitter { return &splitter{line: 1, column: 1} }

// feed takes bytes up to the end of a statement, and returns how many, and whether the statement is complete.
func (s *splitter) feed(p []byte) (taken int, complete bool) {
	for i, c := range p {
		end := s.step(c)
		if c == '\n' {
			s.line, s.column = s.line+1, 1
		} else {
			s.column++
		}
		if end {
			return i + 1, true
		}
	}
	return len(p), false
}

// take returns the statement without its semicolon, and begins the next one. The bytes are valid until the next feed.
func (s *splitter) take() ([]byte, place) {
	text := s.buf
	s.buf, s.state, s.begun = s.buf[:0], stPlain, false
	if cap(s.buf) > parser.MaxTextBytes/4 {
		s.buf = nil
	}
	return text, s.at
}

// fresh says whether not even a comment is open, so that a line may be a dot command.
func (s *splitter) fresh() bool { return !s.begun && s.state == stPlain }

// last ends the text: a statement may lack its semicolon.
func (s *splitter) last() bool {
	if s.state == stDash || s.state == stSlash {
		s.pending()
	}
	return s.begun
}

// step takes a byte, and returns whether it ends a statement.
func (s *splitter) step(c byte) bool {
	switch s.state {
	case stQuoted:
		s.keep(c)
		if c == s.quote {
			s.state = stPlain
		}
	case stDash:
		if c == '-' {
			s.comment("--", stLine)
			return false
		}
		s.pending()
		return s.plain(c)
	case stSlash:
		if c == '*' {
			s.comment("/*", stBlock)
			return false
		}
		s.pending()
		return s.plain(c)
	case stLine:
		s.keepBegun(c)
		if c == '\n' {
			s.state = stPlain
		}
	case stBlock, stBlockAt:
		s.keepBegun(c)
		switch {
		case c == '/' && s.state == stBlockAt:
			s.state = stPlain
		case c == '*':
			s.state = stBlockAt
		default:
			s.state = stBlock
		}
	default:
		return s.plain(c)
	}
	return false
}

// plain takes a byte that is in no quotes and no comment.
func (s *splitter) plain(c byte) bool {
	switch c {
	case ';':
		return true
	case '-':
		s.state = stDash
	case '/':
		s.state = stSlash
	case ' ', '\t', '\n', '\f', '\r':
		s.keepBegun(c)
	case '\'', '"', '`':
		s.state, s.quote = stQuoted, c
		s.keep(c)
	case '[':
		s.state, s.quote = stQuoted, ']'
		s.keep(c)
	default:
		s.keep(c)
	}
	return false
}

// pending keeps the byte that did not begin a comment.
func (s *splitter) pending() {
	c := byte('-')
	if s.state == stSlash {
		c = '/'
	}
	s.state = stPlain
	s.column-- // it was the byte before
	s.keep(c)
	s.column++
}

func (s *splitter) comment(mark string, in state) {
	s.state = in
	if s.begun {
		s.keep(mark[0])
		s.keep(mark[1])
	}
}

// keepBegun keeps a byte of a blank or a comment if the statement has begun.
func (s *splitter) keepBegun(c byte) {
	if s.begun {
		s.keep(c)
	}
}

func (s *splitter) keep(c byte) {
	if !s.begun {
		s.begun, s.at = true, place{s.line, s.column}
	}
	if len(s.buf) <= parser.MaxTextBytes {
		s.buf = append(s.buf, c)
	}
}

// split returns the statements of a whole text. The last one is open if a line that follows may belong to it, or to a
// comment after it.
func split(text string) (list []statement, open bool) {
	s := newSplitter()
	for p := []byte(text); len(p) > 0; {
		n, complete := s.feed(p)
		p = p[n:]
		if b, at := s.buf, s.at; complete {
			if s.begun {
				list = append(list, statement{string(b), at})
			}
			s.take()
		}
	}
	open = s.begun || s.state != stPlain && s.state != stLine
	if s.last() {
		b, at := s.take()
		list = append(list, statement{string(b), at})
	}
	return list, open
}

// open says whether a text needs another line.
func open(text string) bool {
	_, open := split(text)
	return open
}

// statement is the text of one statement, and where in the whole text it begins.
type statement struct {
	text string
	at   place
}

// trimBOM drops the mark that some editors write at the beginning of a file.
func trimBOM(p []byte) []byte { return bytes.TrimPrefix(p, []byte("\ufeff")) }
