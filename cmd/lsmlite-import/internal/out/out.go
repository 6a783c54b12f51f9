// SPDX-License-Identifier: Apache-2.0

// Package out is where the readers of other engines put their rows.
package out

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/internal/dump"
)

var (
	// ErrOpen is the kind of an error of a file that cannot be opened.
	ErrOpen = errors.New("cannot open")
	// ErrRefused is the kind of an error of rows that cannot be taken over as they are.
	ErrRefused = errors.New("refused")
)

// kindError is an error of one of these kinds, which its text does not name.
type kindError struct{ err, kind error }

func (k kindError) Error() string   { return k.err.Error() }
func (k kindError) Unwrap() []error { return []error{k.err, k.kind} }

// Errorf returns an error of a kind.
func Errorf(kind error, format string, args ...any) error {
	return kindError{fmt.Errorf(format, args...), kind}
}

// Writer takes rows. One goroutine uses it.
type Writer struct {
	buf  *bufio.Writer
	dump *dump.Writer
}

// New begins a dump.
func New(w io.Writer) *Writer {
	buf := bufio.NewWriterSize(w, dump.ChunkSize)
	return &Writer{buf: buf, dump: dump.NewWriter(buf)}
}

// Row takes a row.
func (w *Writer) Row(key, value []byte) error { return w.dump.Row(key, value) }

// Close ends the dump, which is not whole before.
func (w *Writer) Close() error {
	if err := w.dump.Close(); err != nil {
		return err
	}
	return w.buf.Flush()
}
