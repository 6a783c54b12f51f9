// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPieces shows each kind.
func TestPieces(t *testing.T) {
	names := map[PieceKind]string{PieceBlank: "_", PieceComment: "c", PieceKeyword: "k", PieceName: "n", PieceText: "t", PieceBlob: "b",
		PieceNumber: "0", PieceParam: "p", PieceMark: "m", PieceEnd: ";", PieceWrong: "!"}
	for text, want := range map[string]string{
		"SELECT key;":            "k:SELECT _:  n:key ;:;",
		"a--b\n/*c*/":            "n:a c:--b _:\n c:/*c*/",
		"/*a":                    "c:/*a…",
		"'it''s'":                "t:'it''s'",
		"'a;":                    "t:'a;…",
		`"a""b" [c] ` + "`d`":    `n:"a""b" _:  n:[c] _:  n:` + "`d`",
		"[a":                     "n:[a…",
		"x'00FF'X''":             "b:x'00FF' b:X''",
		"x'0'x'0g''1'a":          "!:x'0' !:x'0g''1' n:a",
		"x'00":                   "b:x'00…",
		"1.5e-3 0xff .5 1e 12ab": "0:1.5e-3 _:  0:0xff _:  0:.5 _:  !:1e _:  !:12ab",
		"? ?12 ?a :k @k $k $":    "p:? _:  p:?12 _:  !:?a _:  p::k _:  p:@k _:  p:$k _:  !:$",
		"<=<>||=#|":              "m:<= m:<> m:|| m:= !:# !:|",
		"\ufeffé\xff":            "_:\ufeff n:é\xff",
	} {
		var got []string
		for p := range Pieces(text) {
			s := names[p.Kind] + ":" + p.Text
			if p.Open {
				s += "…"
			}
			got = append(got, s)
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestPiecesStop: the caller may stop at any piece.
func TestPiecesStop(t *testing.T) {
	for p := range Pieces("a b c") {
		if p.Offset > 0 {
			t.Fatalf("%+v", p)
		}
		break
	}
}

// TestPiecesOfLongTexts: the worst texts take time in proportion to their length.
func TestPiecesOfLongTexts(t *testing.T) {
	const n = 1 << 20
	for _, unit := range []string{"x'g", "#", "1a ", "'", "''", "[", "/*", "--\n", "((", "x'0"} {
		text, begun, count := strings.Repeat(unit, n/len(unit)), time.Now(), 0
		for range Pieces(text) {
			count++
		}
		if took := time.Since(begun); took > 5*time.Second || count == 0 {
			t.Errorf("1 MiB of %q: %d pieces in %v", unit, count, took)
		}
	}
}

// FuzzPieces: the pieces are the text, and where the scanner understands it they are its tokens.
func FuzzPieces(f *testing.F) {
	for _, sql := range testSQL(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var all strings.Builder
		var tokens []string
		for p := range Pieces(text) {
			if p.Offset != all.Len() || p.Text == "" {
				t.Fatalf("%q: piece %+v at %d", text, p, all.Len())
			}
			all.WriteString(p.Text)
			if p.Kind != PieceBlank && p.Kind != PieceComment {
				tokens = append(tokens, p.Text)
			}
		}
		if all.String() != text {
			t.Fatalf("the pieces of %q are %q", text, all.String())
		}
		want, err := scanned(text)
		if err == nil && fmt.Sprint(tokens) != fmt.Sprint(want) {
			t.Fatalf("%q:\npieces %q\ntokens %q", text, tokens, want)
		}
	})
}

// scanned returns the tokens of all statements, and the semicolons.
func scanned(text string) (all []string, err error) {
	var s scanner
	if err := s.start(text); err != nil {
		return nil, err
	}
	for {
		tokens, _, done, err := s.statement()
		if err != nil {
			return nil, err
		}
		for _, t := range tokens {
			all = append(all, t.text)
		}
		if done {
			return all, nil
		}
		all = append(all, ";")
	}
}
