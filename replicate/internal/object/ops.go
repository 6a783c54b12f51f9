// SPDX-License-Identifier: Apache-2.0

package object

import (
	"encoding/binary"
	"errors"
	"io"
)

// OpKind is what an operation of a transaction does.
type OpKind byte

// The operations. End is none: it ends a transaction.
const (
	OpEnd         OpKind = 0 // and the number of the transaction
	OpPut         OpKind = 1 // a key, a value
	OpDelete      OpKind = 2 // a key
	OpDeleteRange OpKind = 3 // two keys: what lies strictly between them
)

// Op is an operation. Its bytes are valid until the next one is read.
type Op struct {
	Kind       OpKind
	Key, Value []byte // of OpDeleteRange: the key after which it begins, and that before which it ends
	Seq        uint64 // of OpEnd
}

// AppendOp adds an operation, or the end of a transaction.
func AppendOp(b []byte, op Op) []byte {
	_ = WriteOp(func(more []byte) error { b = append(b, more...); return nil }, op)
	return b
}

// WriteOp passes on the bytes of an operation, or of the end of a transaction: its key and its value as they are,
// without a copy. It ends with the first error.
func WriteOp(write func([]byte) error, op Op) error {
	head := append(make([]byte, 0, 1+binary.MaxVarintLen64), byte(op.Kind))
	if op.Kind == OpEnd {
		return write(binary.AppendUvarint(head, op.Seq))
	}
	if op.Kind == OpDelete {
		return writeFields(write, head, op.Key)
	}
	return writeFields(write, head, op.Key, op.Value)
}

// OpReader reads the operations of transactions.
type OpReader struct{ s stream }

// NewOpReader reads from the data of one log object, or of several after each other.
func NewOpReader(r io.Reader) *OpReader { return &OpReader{s: newStream(r)} }

// Next returns the next operation, or io.EOF after the end of a transaction.
func (r *OpReader) Next() (op Op, err error) {
	kind, err := r.s.r.ReadByte()
	if err != nil {
		return op, err
	}
	op.Kind = OpKind(kind)
	switch op.Kind {
	case OpEnd:
		if op.Seq, err = binary.ReadUvarint(r.s.r); err != nil {
			return op, broken(err)
		}
	case OpPut, OpDelete, OpDeleteRange:
		op.Key, op.Value, err = r.s.two(op.Kind != OpDelete)
	default:
		err = damaged("an operation of kind %d", kind)
	}
	return op, err
}

// Rows.

// AppendRow adds a row to the stream of rows of a snapshot, which is cut into parts anywhere.
func AppendRow(b, key, value []byte) []byte {
	_ = WriteRow(func(more []byte) error { b = append(b, more...); return nil }, key, value)
	return b
}

// WriteRow passes on the bytes of a row: its key and its value as they are, without a copy. It ends with the first
// error.
func WriteRow(write func([]byte) error, key, value []byte) error {
	return writeFields(write, make([]byte, 0, binary.MaxVarintLen64), key, value)
}

// RowReader reads a stream of rows.
type RowReader struct{ s stream }

// NewRowReader reads from the parts of a snapshot, after each other.
func NewRowReader(r io.Reader) *RowReader { return &RowReader{s: newStream(r)} }

// Next returns the next row, whose bytes are valid until the one after it is read, or io.EOF.
func (r *RowReader) Next() (key, value []byte, err error) {
	if _, err := r.s.r.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, io.EOF
		}
		return nil, nil, err
	}
	return r.s.two(true)
}
