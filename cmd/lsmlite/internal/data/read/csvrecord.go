// SPDX-License-Identifier: Apache-2.0

package read

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// records reads records of CSV as RFC 4180 describes them: fields are separated by a delimiter, records by
// a newline or a carriage return and a newline; a field between quotation marks may have all of these, and
// two quotation marks for each one of its own. Empty lines are passed over. All bytes of a field are kept:
// encoding/csv would take the carriage return out of a carriage return and a newline.
type records struct {
	in     *Input
	delim  []byte
	buf    []byte // the fields of the current record
	ends   []int  // the end of each in buf
	offset int64  // of the end of what was read
	number int64  // of the last line that was read
	first  int64  // line of the current record
	line   []byte // what is left of the last line
}

// errors of records
var (
	errBare   = errors.New(`a quotation mark in a field that does not begin with one; such a field is written "with ""two"" of them"`)
	errAfter  = errors.New("a field goes on after its closing quotation mark")
	errUnshut = errors.New("the field that begins here has no closing quotation mark")
)

// next reads the next record and returns its number of fields, or io.EOF.
func (r *records) next() (int, error) {
	r.buf, r.ends = r.buf[:0], r.ends[:0]
	for {
		if err := r.more(); err != nil {
			return 0, err
		}
		if !isEnd(r.line) {
			break
		}
	}
	r.first = r.number
	for more := true; more; {
		var err error
		if bytes.HasPrefix(r.line, quote) {
			more, err = r.quoted()
		} else {
			more, err = r.plain()
		}
		if err != nil {
			return 0, err
		}
		r.ends = append(r.ends, len(r.buf))
	}
	return len(r.ends), nil
}

var quote = []byte(`"`)

// plain reads a field without quotation marks, and reports whether another one follows.
func (r *records) plain() (bool, error) {
	field, rest, more := bytes.Cut(r.line, r.delim)
	if !more {
		field = withoutEnd(field)
	}
	if bytes.IndexByte(field, '"') >= 0 {
		return false, errBare
	}
	r.buf, r.line = append(r.buf, field...), rest
	return more, nil
}

// quoted is plain for a field between quotation marks.
func (r *records) quoted() (bool, error) {
	r.line = r.line[1:]
	for {
		i := bytes.IndexByte(r.line, '"')
		if i < 0 {
			r.buf = append(r.buf, r.line...)
			if err := r.in.checkRecord(len(r.buf)); err != nil {
				return false, err
			}
			switch err := r.more(); {
			case errors.Is(err, io.EOF):
				return false, errUnshut
			case err != nil:
				return false, err
			}
			continue
		}
		r.buf, r.line = append(r.buf, r.line[:i]...), r.line[i+1:]
		switch {
		case bytes.HasPrefix(r.line, quote):
			r.buf, r.line = append(r.buf, '"'), r.line[1:]
		case bytes.HasPrefix(r.line, r.delim):
			r.line = r.line[len(r.delim):]
			return true, nil
		case isEnd(r.line):
			return false, nil
		default:
			return false, errAfter
		}
	}
}

// more reads a line.
func (r *records) more() error {
	line, err := r.in.line()
	if err != nil {
		return err
	}
	r.line, r.offset, r.number = line, r.offset+int64(len(line)), r.number+1
	return nil
}

// field returns field i of the record, valid until the next one.
func (r *records) field(i int) []byte {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.buf[start:r.ends[i]]
}

// wantFields refuses a record that has another number of fields than the others.
func wantFields(got, want int) error {
	if got != want {
		return fmt.Errorf("%d fields; there are %d columns", got, want)
	}
	return nil
}

// isEnd says whether nothing is left of a line except its end.
func isEnd(s []byte) bool { return len(withoutEnd(s)) == 0 }

// withoutEnd cuts the end of a line.
func withoutEnd(s []byte) []byte {
	s, ok := bytes.CutSuffix(s, []byte("\n"))
	if ok {
		s = bytes.TrimSuffix(s, []byte("\r"))
	}
	return s
}
