// SPDX-License-Identifier: Apache-2.0

package read

import (
	"bytes"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
)

// JSONL is a Source of lines that are objects of JSON. Empty lines are passed over.
type JSONL struct {
	in     *Input
	fields encode.Fields // of no key: rows as package encode writes them
	number int64         // of the current line, counted from base
	base   int64         // where in the input line 1 is
	offset int64
}

// NewJSONL returns the rows of an input. Without a key in fields, each line is what package encode writes.
func NewJSONL(in *Input, fields encode.Fields) *JSONL { return &JSONL{in: in, fields: fields} }

// Next implements Source.
func (j *JSONL) Next() (row.Row, error) {
	for {
		line, err := j.next()
		if err != nil {
			return row.Row{}, inInput(place(j.in.Name, j.number, j.base), err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r, err := j.parse(line)
		if err != nil {
			return row.Row{}, fmt.Errorf("%s: %w", place(j.in.Name, j.number, j.base), err)
		}
		return r, nil
	}
}

func (j *JSONL) parse(line []byte) (r row.Row, err error) {
	if j.fields.Key == "" {
		r.Key, r.Value, err = encode.ParseRow(line)
	} else {
		r.Key, r.Value, err = j.fields.Parse(line)
	}
	return r, err
}

// byteOrderMark is what some programs begin a file with.
var byteOrderMark = []byte("\ufeff")

// next returns the next line without its end, or io.EOF.
func (j *JSONL) next() ([]byte, error) {
	j.number++
	line, err := j.in.line()
	if err != nil {
		return nil, err
	}
	j.offset += int64(len(line))
	if j.offset == int64(len(line)) {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

// Offset implements Source.
func (j *JSONL) Offset() int64 { return j.offset }

// Size implements Sized.
func (j *JSONL) Size() int64 { return j.in.Size() }

// Resume implements Resumer.
func (j *JSONL) Resume(offset int64) error {
	j.offset, j.base, j.number = offset, offset, 0
	return j.in.seek(offset)
}

// Fingerprint implements Resumer.
func (j *JSONL) Fingerprint(offset int64) (string, error) { return j.in.fingerprint(offset) }

// Close implements Source.
func (j *JSONL) Close() error { return j.in.Close() }
