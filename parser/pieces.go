// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"iter"
	"strings"
)

// PieceKind is what a Piece of a text is.
type PieceKind uint8

const (
	// PieceBlank is blanks, and PieceComment a comment.
	PieceBlank PieceKind = iota
	PieceComment
	// PieceKeyword is a word of the grammar, and PieceName any other word, and a name in quotes.
	// KEY is a name here, although PRIMARY KEY has it.
	PieceKeyword
	PieceName
	// PieceText is 'text', PieceBlob x'00ff', PieceNumber a number, PieceParam a parameter.
	PieceText
	PieceBlob
	PieceNumber
	PieceParam
	// PieceMark is an operator or a punctuation mark, and PieceEnd the semicolon.
	PieceMark
	PieceEnd
	// PieceWrong is what no statement can have.
	PieceWrong
)

// Piece is a token of a text, or what stands between two. Open says that it is not closed: a text
// or a name without its last quote, or a comment that ends with the text.
type Piece struct {
	Text   string
	Offset int
	Kind   PieceKind
	Open   bool
}

// Pieces cuts a text into pieces, for an editor that colours it, completes it or wants to know where
// a statement ends. Unlike Parse it takes any text: one after another, the pieces are the text. Its
// time is proportional to the length of the text.
func Pieces(text string) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		s := scanner{text: text}
		for s.pos < len(text) {
			start := s.pos
			kind, end, open := s.piece()
			s.pos = end
			if !yield(Piece{Text: text[start:end], Offset: start, Kind: kind, Open: open}) {
				return
			}
		}
	}
}

// piece returns the kind of the piece at s.pos, and where it ends.
func (s *scanner) piece() (kind PieceKind, end int, open bool) {
	rest := s.text[s.pos:]
	c := rest[0]
	switch {
	case classes[c]&blank != 0:
		return PieceBlank, s.skip(s.pos, blank), false
	case strings.HasPrefix(rest, byteOrderMark):
		return PieceBlank, s.pos + len(byteOrderMark), false
	case strings.HasPrefix(rest, "--"):
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			return PieceComment, s.pos + i, false
		}
		return PieceComment, len(s.text), false
	case strings.HasPrefix(rest, "/*"):
		if i := strings.Index(rest[2:], "*/"); i >= 0 {
			return PieceComment, s.pos + i + 4, false
		}
		return PieceComment, len(s.text), true
	case (c == 'x' || c == 'X') && s.at(s.pos+1) == '\'':
		return s.blobPiece()
	case c == '\'':
		end, open = s.quotedPiece(s.pos, c)
		return PieceText, end, open
	case c == '"', c == '`':
		end, open = s.quotedPiece(s.pos, c)
		return PieceName, end, open
	case c == '[':
		if i := strings.IndexByte(rest, ']'); i >= 0 {
			return PieceName, s.pos + i + 1, false
		}
		return PieceName, len(s.text), true
	}
	kind, end = s.wordPiece(c)
	return kind, end, false
}

// wordPiece is piece for what is not between quotes.
func (s *scanner) wordPiece(c byte) (PieceKind, int) {
	at := s.pos
	switch {
	case classes[c]&idStart != 0:
		end := s.skip(at, idPart)
		if w := lookUp(s.text[at:end]); w != 0 && knownWords[w] != "KEY" {
			return PieceKeyword, end
		}
		return PieceName, end
	case classes[c]&digit != 0, c == '.' && classes[s.at(at+1)]&digit != 0:
		end := s.numberEnd()
		if wrong := s.skip(end, idPart); wrong > end {
			return PieceWrong, wrong
		}
		return PieceNumber, end
	case c == '?':
		end := s.skip(at+1, digit)
		if wrong := s.skip(end, idPart); wrong > end {
			return PieceWrong, wrong
		}
		return PieceParam, end
	case c == ':', c == '@', c == '$':
		if end := s.skip(at+1, idPart); end > at+1 {
			return PieceParam, end
		}
		return PieceWrong, at + 1
	case c == ';':
		return PieceEnd, at + 1
	}
	if len(s.text) >= at+2 && isPair(s.text[at:at+2]) {
		return PieceMark, at + 2
	}
	if strings.IndexByte("(),.*/%+-=<>", c) >= 0 {
		return PieceMark, at + 1
	}
	return PieceWrong, at + 1
}

// blobPiece is piece for x'…'. What is not hexadecimal is wrong up to the closing quote.
func (s *scanner) blobPiece() (kind PieceKind, end int, open bool) {
	end = s.skip(s.pos+2, hexDigit)
	switch {
	case end == len(s.text):
		return PieceBlob, end, true
	case s.text[end] == '\'' && (end-s.pos)%2 == 0:
		return PieceBlob, end + 1, false
	}
	end, open = s.quotedPiece(s.pos+1, '\'')
	return PieceWrong, end, open
}

// quotedPiece returns where what begins with a quote at offset start ends.
func (s *scanner) quotedPiece(start int, quote byte) (end int, open bool) {
	for i := start + 1; ; i++ {
		n := strings.IndexByte(s.text[i:], quote)
		if n < 0 {
			return len(s.text), true
		}
		if i += n + 1; s.at(i) != quote {
			return i, false
		}
	}
}
