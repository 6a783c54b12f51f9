// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

//export lsmliteGoInfoNumber
func lsmliteGoInfoNumber(p unsafe.Pointer, param C.int, out, second *C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if err := h.ready(); err != nil {
		var e *engine.Error
		if param == C.LSM_INFO_COMPRESSION_ID && errors.As(err, &e) && e.Codec != 0 {
			*out = C.int(e.Codec)
			return C.LSM_OK
		}
		return h.done(err)
	}
	db := h.core.db
	number := func(n int64) C.int { return C.int(min(n, math.MaxInt32)) }
	kb := func(n int64) C.int { return number((n + 1023) / 1024) }
	switch param {
	case C.LSM_INFO_NWRITE:
		*out = number(db.Stats().PagesWritten)
	case C.LSM_INFO_NREAD:
		*out = number(db.Stats().PagesRead)
	case C.LSM_INFO_CHECKPOINT_SIZE:
		*out = kb(db.CheckpointSize())
	case C.LSM_INFO_TREE_SIZE:
		old, live := db.TreeSize()
		*out, *second = kb(old), kb(live)
	case C.LSM_INFO_FREELIST_SIZE:
		_, entries := db.FreeListSize()
		*out = number(int64(entries))
	case C.LSM_INFO_COMPRESSION_ID:
		*out = C.int(int32(db.CompressionID()))
	}
	return C.LSM_OK
}

//export lsmliteGoInfoText
func lsmliteGoInfoText(p unsafe.Pointer, param C.int, page C.lsm_i64, out **C.char) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	*out = nil
	if err := h.ready(); err != nil {
		return h.done(err)
	}
	s, err := info(h.core.db, int(param), int64(page))
	if err != nil {
		if param == C.LSM_INFO_ARRAY_STRUCTURE || param == C.LSM_INFO_ARRAY_PAGES {
			h.err = err
			return C.LSM_ERROR
		}
		return h.done(err)
	}
	if *out = text(h.c.pEnv, s); *out == nil {
		return h.done(ownCode(C.LSM_NOMEM))
	}
	return C.LSM_OK
}

// info renders a fact as lsm1 does, which for most of them is a list of Tcl.
func info(db *engine.DB, param int, page int64) (string, error) {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch param {
	case C.LSM_INFO_DB_STRUCTURE:
		for _, l := range db.Structure() {
			level := fmt.Sprintf("{%d", l.Age)
			for _, s := range l.Segments {
				level += fmt.Sprintf(" {%d %d %d %d}", s.First, s.Last, s.Root, s.Pages)
			}
			add("%s}", level)
		}
	case C.LSM_INFO_LOG_STRUCTURE:
		for _, r := range db.LogStructure() {
			add("%d %d", r.Start, r.End)
		}
	case C.LSM_INFO_ARRAY_STRUCTURE:
		ranges, err := db.SegmentRanges(page)
		if err != nil {
			return "", err
		}
		for _, r := range ranges {
			add("%d %d", r.First, r.Last)
		}
	case C.LSM_INFO_ARRAY_PAGES:
		pages, err := db.SegmentPages(page)
		if err != nil {
			return "", err
		}
		for _, n := range pages {
			add("%d", n)
		}
	case C.LSM_INFO_PAGE_ASCII_DUMP:
		return db.PageDump(page)
	case C.LSM_INFO_PAGE_HEX_DUMP:
		return db.PageHexDump(page)
	case C.LSM_INFO_FREELIST:
		for _, b := range db.FreeList() {
			add("{%d %d}", b.Block, b.ID)
		}
	}
	return strings.Join(words, " "), nil
}
