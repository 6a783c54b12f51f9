// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

// getter is what values are got from.
type getter interface {
	Get(dst, key []byte) ([]byte, bool, error)
	GetShort(dst, key []byte, most int) ([]byte, int, bool, error)
}

// source returns the state that the handle shows.
func (h *handle) source() (getter, error) {
	switch {
	case h.tx != nil:
		return h.tx, nil
	case h.snap != nil:
		return h.snap, nil
	}
	if err := h.ready(); err != nil {
		return nil, err
	}
	return h.core.db, nil
}

//export lsmliteGoGet
func lsmliteGoGet(p unsafe.Pointer, key unsafe.Pointer, nKey C.int, buf unsafe.Pointer, nBuf C.lsm_i64, nVal *C.lsm_i64) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	from, err := h.source()
	if err != nil {
		return h.done(err)
	}
	var dst []byte
	if nBuf > 0 {
		dst = unsafe.Slice((*byte)(buf), int(nBuf))[:0]
	}
	got, n, found, err := from.GetShort(dst, bytes(key, nKey), int(nBuf))
	if err != nil || !found {
		return h.done(err)
	}
	if len(got) > 0 && unsafe.SliceData(got) != (*byte)(buf) {
		copy(dst[:len(got)], got)
	}
	*nVal = C.lsm_i64(n)
	return C.LSM_OK
}

// guessedValue is how long a value is thought to be before it is read, and guessedValues how long all of them are at
// most, so that the memory for them mostly does not grow.
const (
	guessedValue  = 128
	guessedValues = 1 << 20
)

//export lsmliteGoGetMany
func lsmliteGoGetMany(p unsafe.Pointer, n C.int, keys, keyLens unsafe.Pointer, vals *unsafe.Pointer, valLens *C.lsm_i64) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	from, err := h.source()
	if err != nil {
		return h.done(err)
	}
	if db, ok := from.(*engine.DB); ok { // all of one state
		snap, err := db.Snapshot(context.Background())
		if err != nil {
			return h.done(err)
		}
		defer snap.Close()
		from = snap
	}
	var all []byte
	if n > 0 {
		k, kn := unsafe.Slice((*unsafe.Pointer)(keys), int(n)), unsafe.Slice((*C.int)(keyLens), int(n))
		lens := unsafe.Slice(valLens, int(n))
		all = make([]byte, 0, min(int(n)*guessedValue, guessedValues))
		for i := range k {
			if kn[i] < 0 || k[i] == nil && kn[i] > 0 {
				return h.done(misuse("get", "key %d has a length without bytes", i))
			}
			at, found := len(all), false
			if all, found, err = from.Get(all, bytes(k[i], kn[i])); err != nil {
				return h.done(err)
			}
			if lens[i] = -1; found {
				lens[i] = C.lsm_i64(len(all) - at)
			}
		}
	}
	mem := C.lsm_malloc(h.c.pEnv, C.size_t(max(len(all), 1)))
	if mem == nil {
		return h.done(ownCode(C.LSM_NOMEM))
	}
	copy(unsafe.Slice((*byte)(mem), max(len(all), 1)), all)
	*vals = mem
	return C.LSM_OK
}
