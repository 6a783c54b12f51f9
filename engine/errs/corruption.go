// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"fmt"
	"strings"
)

// CorruptionError says where a file breaks the format. Decoders return it without a
// path; the layer that knows the page adds the page, the layer that knows the file
// adds the file. It matches ErrCorrupt, and the value of its Code.
type CorruptionError struct {
	File   string // path, empty where the file is not known yet
	Page   int64  // page, 0 where no page is concerned
	Offset int64  // byte offset in the file or page; -1 where unknown
	Detail string
	Err    error
	Code   Code // CodeTampered where that is known; 0 is CodeCorrupt
}

// Corruptf makes a CorruptionError that knows only what is wrong.
func Corruptf(format string, args ...any) *CorruptionError {
	return &CorruptionError{Offset: -1, Detail: fmt.Sprintf(format, args...)}
}

// Tamperedf is Corruptf for what an encrypted file cannot hold unless it was changed without
// its key.
func Tamperedf(format string, args ...any) *CorruptionError {
	e := Corruptf(format, args...)
	e.Code = CodeTampered
	return e
}

// Error renders what is wrong and everything that is known about where.
func (e *CorruptionError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString("lsmlite: " + Cut(e.File) + " is ")
	}
	if e.Code == CodeTampered {
		b.WriteString("tampered with")
	} else {
		b.WriteString("corrupt")
	}
	for _, place := range []struct {
		name string
		at   int64
		has  bool
	}{{"page", int64(e.Page), e.Page != 0}, {"offset", e.Offset, e.Offset >= 0}} {
		if place.has {
			fmt.Fprintf(&b, ", %s %d", place.name, place.at)
		}
	}
	b.WriteString(": ")
	b.WriteString(Cut(e.Detail))
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(cutCause(e.Err))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *CorruptionError) Unwrap() error { return e.Err }

// Is makes a CorruptionError match ErrCorrupt, and ErrTampered if that is its code.
func (e *CorruptionError) Is(target error) bool {
	return target == error(ErrCorrupt) || target == error(ErrTampered) && e.Code == CodeTampered
}

// AtPage returns e with the page filled in, unless it is known already.
func (e *CorruptionError) AtPage(p int64) *CorruptionError {
	if e.Page == 0 {
		e.Page = p
	}
	return e
}
