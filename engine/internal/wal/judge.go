// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Kind is what a file with the name of a log seems to be if it holds no transaction of the
// database.
type Kind uint8

const (
	// Leftover is a log of another session, or nothing but zeros: it may be overwritten.
	Leftover Kind = iota
	// Foreign is a file of another kind.
	Foreign
	// Noise is none of both: what a loss of power may have made of a log that was not
	// synced, or data that nobody can recognize.
	Noise
)

// minSigns is how many printable bytes a file begins with that counts as text. Noise has
// them by chance once in some billions.
const minSigns = 24

// Judge says what the file f is, by its first sector: a log begins with a record, and a
// record's first byte is none that a text begins with, except for a tabulator or a new line. Of
// a foreign file it says what it takes it for.
func Judge(f File) (kind Kind, what string, err error) {
	size, err := f.Size()
	if err != nil {
		return 0, "", err
	}
	first := make([]byte, min(size, minSector))
	if n, err := f.ReadAt(first, 0); n < len(first) && err != nil && !errors.Is(err, io.EOF) {
		return 0, "", err
	}
	kind, what = judge(first, size)
	return kind, what, nil
}

func judge(first []byte, size int64) (kind Kind, what string) {
	if len(bytes.Trim(first, "\x00")) == 0 {
		return Leftover, ""
	}
	if what := foreign.Begins(first); what != "" {
		return Foreign, "it begins like " + what
	}
	if isText(first, size) {
		return Foreign, fmt.Sprintf("it begins with the text %q", first[:min(len(first), 24)])
	}
	if beginsWithRecords(first, size) {
		return Leftover, ""
	}
	return Noise, ""
}

// isText reports whether the beginning of a file is text: its first bytes if those are no
// record, or else all of them.
func isText(first []byte, size int64) bool {
	n := 0
	for n < len(first) {
		r, k := utf8.DecodeRune(first[n:])
		if r == utf8.RuneError && k <= 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			break
		}
		n += k
	}
	all := n > 0 && (n == len(first) || !utf8.FullRune(first[n:])) // a character may be cut
	if h, k := format.DecodeLogHeader(first); h.Kind != format.LogEnd || k == 0 {
		return all
	}
	return n >= minSigns || all && size < minSigns
}

// beginsWithRecords reports whether what can be seen of a file is records of a log, up to the
// first commit or the end of them.
func beginsWithRecords(first []byte, size int64) bool {
	for at := uint64(0); at < uint64(len(first)); {
		h, n := format.DecodeLogHeader(first[at:])
		if n == 0 {
			return true // cut by the end of what can be seen
		}
		at += uint64(n)
		switch h.Kind {
		case format.LogEnd:
			return first[at-1] == 0
		case format.LogCommit, format.LogJump:
			return true
		case format.LogOperation:
			if h.Summed {
				at += format.LogChecksumLen
			}
			if h.N1 > maxRecord || h.N2 > maxRecord {
				return false
			}
		}
		if h.N1 > maxRecord {
			return false
		}
		at += h.N1 + h.N2
	}
	return true
}

// maxRecord is more than the key or value of any log.
const maxRecord = 1 << 32
