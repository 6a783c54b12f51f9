// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

// colors are those of the pieces of a statement, as escapes of a terminal. Both light and dark backgrounds show them.
var colors = map[parser.PieceKind]string{
	parser.PieceComment: "\x1b[2m",
	parser.PieceKeyword: "\x1b[1;34m",
	parser.PieceText:    "\x1b[32m",
	parser.PieceBlob:    "\x1b[32m",
	parser.PieceNumber:  "\x1b[36m",
	parser.PieceParam:   "\x1b[33m",
	parser.PieceWrong:   "\x1b[31m",
}

const colorOff = "\x1b[0m"

// highlight colours a text that is being typed. Without the escapes it is the text.
func highlight(text string) string {
	if strings.HasPrefix(text, ".") {
		name, rest, _ := strings.Cut(text, " ")
		if len(name) < len(text) {
			rest = " " + rest
		}
		color := colors[parser.PieceKeyword]
		if _, err := dotNamed(strings.TrimSpace(name[1:])); err != nil {
			color = colors[parser.PieceWrong]
		}
		return color + name + colorOff + rest
	}
	var b strings.Builder
	for p := range parser.Pieces(text) {
		color := colors[p.Kind]
		if color == "" {
			b.WriteString(p.Text)
			continue
		}
		for i, line := range strings.Split(p.Text, "\n") { // a colour ends with its line
			if i > 0 {
				b.WriteByte('\n')
			}
			if line != "" {
				b.WriteString(color + line + colorOff)
			}
		}
	}
	return b.String()
}
