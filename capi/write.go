// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

// maxLevels bounds the levels of a transaction.
const maxLevels = 1 << 16

// writable opens the file for a call that writes.
func (h *handle) writable(op string) error {
	if err := h.ready(); err != nil {
		return err
	}
	if h.cfg.readOnly {
		return &engine.Error{Code: engine.CodeReadOnly, Op: op, Path: h.path, Detail: "the handle is read-only"}
	}
	return nil
}

// begin starts a transaction on the state that the handle's cursors show, or on the newest one.
func (h *handle) begin() error {
	if err := h.writable("begin"); err != nil {
		return err
	}
	if err := h.core.configure(h.cfg.tunables); err != nil {
		return err
	}
	ctx, db := context.Background(), h.core.db
	wait := h.cfg.timeout()
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	var err error
	switch {
	case h.snap == nil && wait == 0:
		h.tx, err = db.TryBegin(ctx)
	case h.snap == nil:
		h.tx, err = db.Begin(ctx)
	case wait == 0:
		h.tx, err = db.TryBeginFrom(ctx, h.snap)
	default:
		h.tx, err = db.BeginFrom(ctx, h.snap)
	}
	if errors.Is(err, context.DeadlineExceeded) { // which is Go's word for it
		err = &engine.Error{Code: engine.CodeBusy, Op: "begin", Path: h.path,
			Detail: fmt.Sprintf("others wrote for all of the busy timeout of %d ms", h.cfg.busyTimeout)}
	}
	return err
}

// commit ends the transaction. Cursors go on with the state that it leaves.
func (h *handle) commit() (err error) {
	c := h.core
	if h.cursors == 0 {
		c.commits.RLock()
		defer c.commits.RUnlock()
	} else {
		c.commits.Lock()
		defer c.commits.Unlock()
	}
	tx, version := h.tx, h.version
	h.tx, h.version = nil, nil
	if err = tx.Commit(context.Background()); err == nil && version != nil {
		c.userVersion.Store(*version)
	}
	if h.cursors > 0 {
		err = errors.Join(err, h.renew())
	}
	if err != nil {
		h.changed()
	}
	return err
}

// rollback undoes the transaction. The state before it is still the newest one, as nobody else could commit.
func (h *handle) rollback() (err error) {
	tx := h.tx
	if h.cursors > 0 {
		err = h.renew()
	}
	h.tx, h.version = nil, nil
	h.changed()
	return errors.Join(tx.Rollback(), err)
}

// renew has the cursors show the newest committed state.
func (h *handle) renew() error {
	snap, err := h.core.db.Snapshot(context.Background())
	if err != nil {
		return err
	}
	if h.snap != nil {
		_ = h.snap.Close()
	}
	h.snap, h.seen = snap, h.core.userVersion.Load()
	return nil
}

// write does something in the transaction, or in one of its own.
func (h *handle) write(do func(*engine.Tx) error) error {
	if h.tx != nil {
		h.changed()
		return do(h.tx)
	}
	if err := h.begin(); err != nil {
		return err
	}
	h.changed()
	if err := do(h.tx); err != nil {
		return errors.Join(err, h.rollback())
	}
	return h.commit()
}

//export lsmliteGoBegin
func lsmliteGoBegin(p unsafe.Pointer, level C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	if h.cfg.readOnly {
		return h.done(h.writable("begin"))
	}
	want := int(level)
	if want < 0 {
		want = h.level() + 1
	}
	if want > maxLevels {
		return h.done(misuse("begin", "level %d; there are at most %d", want, maxLevels))
	}
	if want > 0 && h.tx == nil {
		if err := h.begin(); err != nil {
			return h.done(err)
		}
	}
	for h.level() < want {
		if _, err := h.tx.Begin(); err != nil {
			return h.done(err)
		}
	}
	return C.LSM_OK
}

//export lsmliteGoCommit
func lsmliteGoCommit(p unsafe.Pointer, level C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	to := int(level)
	if to < 0 {
		to = max(0, h.level()-1)
	}
	switch {
	case to >= h.level():
		return C.LSM_OK
	case to == 0:
		return h.done(h.commit())
	}
	return h.done(h.tx.CommitTo(to))
}

//export lsmliteGoRollback
func lsmliteGoRollback(p unsafe.Pointer, level C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if h.tx == nil {
		return C.LSM_OK
	}
	to := int(level)
	if to < 0 {
		to = max(0, h.level()-1)
	}
	switch {
	case to > h.level():
		return C.LSM_OK
	case to == 0:
		return h.done(h.rollback())
	}
	h.changed()
	return h.done(h.tx.RollbackTo(to))
}

//export lsmliteGoPut
func lsmliteGoPut(p unsafe.Pointer, key unsafe.Pointer, nKey C.int, val unsafe.Pointer, nVal C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	k := bytes(key, nKey)
	if h.tx != nil {
		h.changed()
		if nVal < 0 {
			return h.done(h.tx.Delete(k))
		}
		return h.done(h.tx.Put(k, bytes(val, nVal)))
	}
	defer h.told()
	return h.done(h.write(func(tx *engine.Tx) error {
		if nVal < 0 {
			return tx.Delete(k)
		}
		return tx.Put(k, bytes(val, nVal))
	}))
}

//export lsmliteGoDeleteRange
func lsmliteGoDeleteRange(p unsafe.Pointer, after unsafe.Pointer, nAfter C.int, before unsafe.Pointer, nBefore C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	return h.done(h.write(func(tx *engine.Tx) error {
		return tx.DeleteRange(bytes(after, nAfter), bytes(before, nBefore))
	}))
}

//export lsmliteGoPutMany
func lsmliteGoPutMany(p unsafe.Pointer, n C.int, keys, keyLens, vals, valLens unsafe.Pointer) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	if n == 0 {
		return h.done(h.writable("put"))
	}
	k, kn := unsafe.Slice((*unsafe.Pointer)(keys), int(n)), unsafe.Slice((*C.int)(keyLens), int(n))
	v, vn := unsafe.Slice((*unsafe.Pointer)(vals), int(n)), unsafe.Slice((*C.int)(valLens), int(n))
	for i := range k {
		if kn[i] < 0 || vn[i] < -1 || k[i] == nil && kn[i] > 0 || v[i] == nil && vn[i] > 0 {
			return h.done(misuse("put", "row %d has a length without bytes", i))
		}
	}
	all := func(tx *engine.Tx) error {
		for i := range k {
			var err error
			if vn[i] < 0 {
				err = tx.Delete(bytes(k[i], kn[i]))
			} else {
				err = tx.Put(bytes(k[i], kn[i]), bytes(v[i], vn[i]))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if h.tx == nil {
		return h.done(h.write(all))
	}
	// In a transaction a level of its own makes it all or nothing.
	h.changed()
	level, err := h.tx.Begin()
	if err == nil {
		if err = all(h.tx); err != nil {
			err = errors.Join(err, h.tx.RollbackTo(level))
		}
		err = errors.Join(err, h.tx.CommitTo(level-1))
	}
	return h.done(err)
}

//export lsmliteGoUserVersion
func lsmliteGoUserVersion(p unsafe.Pointer, version *C.uint) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if err := h.ready(); err != nil {
		return h.done(err)
	}
	switch {
	case h.version != nil:
		*version = C.uint(*h.version)
	case h.snap != nil && h.tx == nil:
		*version = C.uint(h.seen)
	default:
		*version = C.uint(h.core.userVersion.Load())
	}
	return C.LSM_OK
}

//export lsmliteGoSetUserVersion
func lsmliteGoSetUserVersion(p unsafe.Pointer, version C.uint) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	v := uint32(version)
	return h.done(h.write(func(*engine.Tx) error {
		h.version = &v
		return nil
	}))
}

// idle returns why work on the file cannot be done through the handle now, if so.
func (h *handle) idle(op string) error {
	if h.tx != nil || h.cursors > 0 {
		return misuse(op, "close the cursors and end the transaction of the handle first")
	}
	return h.writable(op)
}

// kilobytes returns what pages are, rounded up.
func (h *handle) kilobytes(pages int64) C.int {
	kb := (pages*int64(h.core.db.Options().PageSize) + 1023) / 1024
	return C.int(min(kb, math.MaxInt32))
}

//export lsmliteGoWork
func lsmliteGoWork(p unsafe.Pointer, merge, kb C.int, written *C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	if written != nil {
		*written = 0
	}
	if err := h.idle("work"); err != nil || kb == 0 {
		return h.done(err)
	}
	o := engine.WorkOptions{Merge: int(merge)}
	if merge <= 0 {
		o.Merge = h.cfg.autoMerge
	}
	if kb > 0 {
		size := int64(h.core.db.Options().PageSize)
		o.Pages = int((int64(kb)*1024 + size - 1) / size)
	}
	done, err := h.core.db.TryWork(context.Background(), o)
	if written != nil && err == nil {
		*written = h.kilobytes(done.PagesWritten)
	}
	return h.done(err)
}

//export lsmliteGoFlush
func lsmliteGoFlush(p unsafe.Pointer) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	if err := h.idle("flush"); err != nil {
		return h.done(err)
	}
	return h.done(h.core.db.TryFlush(context.Background()))
}

//export lsmliteGoCheckpoint
func lsmliteGoCheckpoint(p unsafe.Pointer, kb *C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	defer h.told()
	if kb != nil {
		*kb = 0
	}
	if err := h.writable("checkpoint"); err != nil {
		return h.done(err)
	}
	done, err := h.core.db.TryCheckpoint(context.Background())
	if kb != nil && err == nil {
		*kb = h.kilobytes(done.PagesWritten)
	}
	return h.done(err)
}

// mayCopy refuses a backup of a file that is open by functions of an environment, before anything is copied: a copy
// gets its name when it is complete, and they cannot rename.
func (h *handle) mayCopy() error {
	if _, ok := h.core.fs.(*envFS); !ok {
		return nil
	}
	return misuse("backup", "the file is open by the file functions of an environment, and these cannot rename the copy; "+
		"close it, and make the backup by a handle with the default environment")
}

// errStopped is what a backup returns that xProgress has ended.
var errStopped = errors.New("lsmlite: backup: the function for its progress has ended it; there is no copy")

//export lsmliteGoBackup
func lsmliteGoBackup(p unsafe.Pointer, name *C.char, flags C.int, progress C.lsmliteProgress, ctx unsafe.Pointer) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if err := h.ready(); err != nil {
		return h.done(err)
	}
	if err := h.mayCopy(); err != nil {
		return h.done(err)
	}
	o := engine.BackupOptions{Replace: flags&C.LSMLITE_BACKUP_REPLACE != 0, Perm: 0o644}
	if o.Replace {
		o.Perm = 0
	}
	c, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := false
	if progress != nil {
		o.Progress = func(b engine.BackupProgress) {
			if !stopped && C.lsmliteCallProgress(progress, ctx, C.lsm_i64(b.Bytes), C.lsm_i64(b.Total)) != 0 {
				stopped = true
				cancel()
			}
		}
	}
	err := h.core.db.Backup(c, C.GoString(name), o)
	if stopped && errors.Is(err, context.Canceled) {
		err = errStopped
	}
	return h.done(err)
}
