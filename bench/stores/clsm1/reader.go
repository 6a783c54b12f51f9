// SPDX-License-Identifier: Apache-2.0

//go:build cgo && lsm1

package clsm1

/*
#cgo noescape lsm_csr_seek
#cgo nocallback lsm_csr_seek
#cgo noescape lsm_csr_value
#cgo nocallback lsm_csr_value
#cgo noescape lsm_csr_key
#cgo nocallback lsm_csr_key

typedef struct lsm_db lsm_db;
typedef struct lsm_cursor lsm_cursor;

int lsm_close(lsm_db *);
int lsm_csr_open(lsm_db *, lsm_cursor **);
int lsm_csr_close(lsm_cursor *);
int lsm_csr_seek(lsm_cursor *, const void *, int, int);
int lsm_csr_first(lsm_cursor *);
int lsm_csr_last(lsm_cursor *);
int lsm_csr_next(lsm_cursor *);
int lsm_csr_prev(lsm_cursor *);
int lsm_csr_valid(lsm_cursor *);
int lsm_csr_key(lsm_cursor *, const void **, int *);
int lsm_csr_value(lsm_cursor *, const void **, int *);
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// reader is a connection. A cursor is opened for each call, because it shows the state of the moment
// at which it was opened.
type reader struct {
	db     *C.lsm_db
	cursor *C.lsm_cursor
	data   unsafe.Pointer // what the library has returned last
	length C.int
}

func (r *reader) open() error { return failed("lsm_csr_open", C.lsm_csr_open(r.db, &r.cursor)) }

func (r *reader) close() error { return failed("lsm_csr_close", C.lsm_csr_close(r.cursor)) }

func (r *reader) value() ([]byte, error) {
	err := failed("lsm_csr_value", C.lsm_csr_value(r.cursor, &r.data, &r.length))
	return unsafe.Slice((*byte)(r.data), int(r.length)), err
}

func (r *reader) key() ([]byte, error) {
	err := failed("lsm_csr_key", C.lsm_csr_key(r.cursor, &r.data, &r.length))
	return unsafe.Slice((*byte)(r.data), int(r.length)), err
}

func (r *reader) Get(dst, key []byte) (out []byte, found bool, err error) {
	if err := r.open(); err != nil {
		return dst, false, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := failed("lsm_csr_seek", C.lsm_csr_seek(r.cursor, pointer(key), C.int(len(key)), seekEQ)); err != nil {
		return dst, false, err
	}
	if C.lsm_csr_valid(r.cursor) == 0 {
		return dst, false, nil
	}
	value, err := r.value()
	return append(dst, value...), true, err
}

func (r *reader) Scan(want kv.Range, visit func(key, value []byte) error) (err error) {
	if err := r.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.first(want); err != nil {
		return err
	}
	for n := 0; C.lsm_csr_valid(r.cursor) != 0; {
		key, err := r.key()
		if err != nil {
			return err
		}
		value, err := r.value()
		if err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
		if n++; n == want.Limit {
			break
		}
		if err := r.step(want); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) step(want kv.Range) error {
	if want.Reverse {
		return failed("lsm_csr_prev", C.lsm_csr_prev(r.cursor))
	}
	return failed("lsm_csr_next", C.lsm_csr_next(r.cursor))
}

// first moves to the first record of a range.
func (r *reader) first(want kv.Range) error {
	switch {
	case want.From == nil && want.Reverse:
		return failed("lsm_csr_last", C.lsm_csr_last(r.cursor))
	case want.From == nil:
		return failed("lsm_csr_first", C.lsm_csr_first(r.cursor))
	}
	mode := C.int(seekGE)
	if want.Reverse {
		mode = seekLE
	}
	return failed("lsm_csr_seek", C.lsm_csr_seek(r.cursor, pointer(want.From), C.int(len(want.From)), mode))
}

func (r *reader) Close() error { return failed("lsm_close", C.lsm_close(r.db)) }
