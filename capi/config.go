// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"strconv"
	"time"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

// config is the settings of a handle, in the units of lsm_config.
type config struct {
	tunables
	pageSize, blockKB int
	mmap              int
	cacheKB           int
	readOnly          bool
	multiProcess      bool
	busyTimeout       int // milliseconds
}

// tunables are the settings that may change while the file is open. Those of the handle that begins to write
// apply to the file.
type tunables struct {
	autoFlushKB, autoCheckpointKB int
	safety                        int
	autoWork                      int
	useLog                        bool
	autoMerge                     int
	maxFreelist                   int
}

// newConfig returns lsm1's defaults.
func newConfig() config {
	return config{
		tunables: tunables{
			autoFlushKB: 1024, autoCheckpointKB: 2048, safety: C.LSM_SAFETY_NORMAL, autoWork: 1, useLog: true,
			autoMerge: engine.DefaultAutoMerge, maxFreelist: 24,
		},
		pageSize: engine.DefaultPageSize, blockKB: engine.DefaultBlockSize / 1024, mmap: 1,
		cacheKB: engine.DefaultCacheSize / 1024, multiProcess: true,
	}
}

// The largest values of settings that lsm1 does not bound.
const (
	maxAutoMerge   = 1 << 10
	maxKB          = 1<<31 - 1
	maxCacheKB     = 1 << 30
	maxBusyTimeout = 1 << 30 // 12 days; more is clamped to it
)

// when is what a handle has open when a setting is changed.
type when struct{ file, tx bool }

// set changes a setting if the value makes sense, and returns what it is then.
func (c *config) set(param, value int, open when) int {
	number := func(p *int, ok bool) int {
		if ok {
			*p = value
		}
		return *p
	}
	truth := func(p *bool, ok bool) int {
		if ok {
			*p = value != 0
		}
		if *p {
			return 1
		}
		return 0
	}
	power := value > 0 && value&(value-1) == 0
	switch param {
	case C.LSM_CONFIG_AUTOFLUSH:
		return number(&c.autoFlushKB, value >= 0 && value <= 1<<20)
	case C.LSM_CONFIG_PAGE_SIZE:
		return number(&c.pageSize, !open.file && power && value >= 256 && value <= 65536)
	case C.LSM_CONFIG_SAFETY:
		return number(&c.safety, value >= C.LSM_SAFETY_OFF && value <= C.LSM_SAFETY_FULL)
	case C.LSM_CONFIG_BLOCK_SIZE:
		return number(&c.blockKB, !open.file && power && value >= 64 && value <= 65536)
	case C.LSM_CONFIG_AUTOWORK:
		return number(&c.autoWork, value >= 0)
	case C.LSM_CONFIG_MMAP:
		return number(&c.mmap, !open.file && value >= 0)
	case C.LSM_CONFIG_USE_LOG:
		return truth(&c.useLog, !open.tx && (value == 0 || value == 1))
	case C.LSM_CONFIG_AUTOMERGE:
		return number(&c.autoMerge, value > 1 && value <= maxAutoMerge)
	case C.LSM_CONFIG_MAX_FREELIST:
		return number(&c.maxFreelist, value >= 2 && value <= 24)
	case C.LSM_CONFIG_MULTIPLE_PROCESSES:
		return truth(&c.multiProcess, !open.file)
	case C.LSM_CONFIG_AUTOCHECKPOINT:
		return number(&c.autoCheckpointKB, value >= 0)
	case C.LSM_CONFIG_READONLY:
		return truth(&c.readOnly, !open.file && value >= 0)
	case C.LSMLITE_CONFIG_BUSY_TIMEOUT:
		value = min(value, maxBusyTimeout)
		return number(&c.busyTimeout, value >= 0)
	case C.LSMLITE_CONFIG_CACHE_SIZE:
		return number(&c.cacheKB, !open.file && value > 0 && value <= maxCacheKB)
	}
	return 0
}

//export lsmliteGoHasSetting
func lsmliteGoHasSetting(param C.int) C.int {
	switch param {
	case C.LSM_CONFIG_AUTOFLUSH, C.LSM_CONFIG_PAGE_SIZE, C.LSM_CONFIG_SAFETY, C.LSM_CONFIG_BLOCK_SIZE,
		C.LSM_CONFIG_AUTOWORK, C.LSM_CONFIG_MMAP, C.LSM_CONFIG_USE_LOG, C.LSM_CONFIG_AUTOMERGE,
		C.LSM_CONFIG_MAX_FREELIST, C.LSM_CONFIG_MULTIPLE_PROCESSES, C.LSM_CONFIG_AUTOCHECKPOINT,
		C.LSM_CONFIG_READONLY, C.LSMLITE_CONFIG_BUSY_TIMEOUT, C.LSMLITE_CONFIG_CACHE_SIZE:
		return 1
	}
	return 0
}

//export lsmliteGoConfig
func lsmliteGoConfig(pGo unsafe.Pointer, param C.int, value *C.int) (rc C.int) {
	p := (*handle)(pGo)
	defer p.ended(&rc)
	v := p.cfg.set(int(param), int(*value), when{p.path != "", p.tx != nil})
	if p.core != nil {
		switch o := p.core.db.Options(); param {
		case C.LSM_CONFIG_PAGE_SIZE:
			v = o.PageSize
		case C.LSM_CONFIG_BLOCK_SIZE:
			v = o.BlockSize / 1024
		case C.LSM_CONFIG_MULTIPLE_PROCESSES:
			v = 0
		}
	}
	*value = C.int(min(v, maxKB))
	return C.LSM_OK
}

// apply puts the settings into options of the engine.
func (t *tunables) apply(o *engine.Options) {
	o.AutoFlush = max(t.autoFlushKB<<10, 1)
	o.AutoCheckpoint, o.MaxLog = t.autoCheckpointKB<<10, 0
	if t.autoCheckpointKB == 0 {
		o.AutoCheckpoint, o.MaxLog = -1, -1
	}
	o.AutoMerge, o.MaxFreelist = t.autoMerge, t.maxFreelist
	o.NoAutoWork = t.autoWork == 0
	o.NoLog = !t.useLog
	switch {
	case t.safety == C.LSM_SAFETY_OFF:
		o.Safety = engine.SafetyOff
	case t.safety == C.LSM_SAFETY_FULL && t.useLog:
		o.Safety = engine.SafetyFull
	default:
		o.Safety = engine.SafetyNormal
	}
}

// options returns what a file is opened with by this handle.
func (h *handle) options() engine.Options {
	c := &h.cfg
	o := engine.Options{
		FS: h.fs, ReadOnly: c.readOnly, PageSize: c.pageSize, BlockSize: c.blockKB << 10, CacheSize: int64(c.cacheKB) << 10,
		Perm: 0o644, Key: h.key.source(),
	}
	if !c.readOnly {
		c.apply(&o)
	}
	switch {
	case c.mmap == 1:
		o.Mmap = engine.MmapAll
	case c.mmap > 1:
		o.Mmap = int64(c.mmap) << 10
	}
	switch {
	case h.hooked() != nil:
		codec := &hooks{id: h.hookID(), sets: []*C.lsm_compress{h.hooked()}, bound: map[int]int{}}
		o.Codecs, o.Compression = []engine.Codec{codec}, strconv.FormatUint(uint64(codec.id), 10)
	case h.plain || h.c.factory.xFactory != nil:
		o.Compression = "none"
	}
	return o
}

// timeout returns how long a write waits for others.
func (c *config) timeout() time.Duration { return time.Duration(c.busyTimeout) * time.Millisecond }
