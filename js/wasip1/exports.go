// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

package main

import (
	"bytes"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The functions of lsm.h, as a compiler for wasm32 would export them: each pointer, each int and each size is an
// i32. What C calls lsm_db* and lsm_cursor* are numbers of handles, of which a wrong one is LSM_MISUSE. An lsm_env*
// is ignored.
//
// Memory: the host writes keys, values and texts to bytes from lsm_malloc, and reads what a function sets through
// the pointers that it was given. What lsm_csr_key and lsm_csr_value set stays valid until the cursor moves or is
// closed. A pointer that leads outside of the memory of the module traps, as in C.

// What is open. The module has one thread, so nothing guards it.
var (
	connections handles[*connection]
	walks       handles[*walk]
	memory      = make(map[*byte][]byte)
	memoryInUse int
	// orphan has the message of a call without a connection.
	orphan connection
)

// maxMemory is the most that lsm_malloc gives in all: what the host forgets to free stays in use.
const maxMemory = 1 << 30

// bytesAt returns the n bytes at p.
func bytesAt(p *byte, n int32) ([]byte, error) {
	if n < 0 || p == nil && n > 0 {
		return nil, misuse("%d bytes at address %d", n, address(p))
	}
	return unsafe.Slice(p, int(n)), nil
}

// address is a pointer as the host knows it.
func address(p *byte) uint32 { return uint32(uintptr(unsafe.Pointer(p))) }

// hand sets what a caller's two pointers lead to.
func hand(b []byte, at *uint32, n *int32) error {
	if at == nil || n == nil {
		return misuse("no place for the result")
	}
	*at, *n = address(unsafe.SliceData(b)), int32(len(b))
	return nil
}

// onConnection calls do with the connection that a number stands for.
func onConnection(n int32, do func(*connection) error) int32 {
	c, err := connections.get(n)
	if err != nil {
		return orphan.result(err)
	}
	return c.result(safely(func() error { return do(c) }))
}

// onWalk calls do with the cursor that a number stands for.
func onWalk(n int32, do func(*walk) error) int32 {
	w, err := walks.get(n)
	if err != nil {
		return orphan.result(err)
	}
	return w.of.result(safely(func() error { return do(w) }))
}

//go:wasmexport lsm_malloc
func lsmMalloc(_ int32, n uint32) *byte {
	if n == 0 || int64(n) > int64(maxMemory-memoryInUse) {
		return nil
	}
	b := make([]byte, n)
	memory[&b[0]] = b
	memoryInUse += len(b)
	return &b[0]
}

//go:wasmexport lsm_free
func lsmFree(_ int32, p *byte) {
	memoryInUse -= len(memory[p])
	delete(memory, p)
}

//go:wasmexport lsm_new
func lsmNew(_ int32, db *int32) int32 {
	if db == nil {
		return orphan.result(misuse("lsm_new: no place for the result"))
	}
	n, err := connections.add(new(connection))
	*db = n
	return orphan.result(err)
}

//go:wasmexport lsm_open
func lsmOpen(db int32, name *byte) int32 {
	return onConnection(db, func(c *connection) error {
		if name == nil {
			return misuse("lsm_open: no name")
		}
		end := 0
		for *(*byte)(unsafe.Add(unsafe.Pointer(name), end)) != 0 {
			end++
		}
		return c.open(string(unsafe.Slice(name, end)))
	})
}

//go:wasmexport lsm_close
func lsmClose(db int32) int32 {
	return onConnection(db, func(c *connection) error {
		err := c.close()
		if err == nil {
			connections.remove(db)
		}
		return err
	})
}

//go:wasmexport lsm_config
func lsmConfig(db, which int32, value *int32) int32 {
	return onConnection(db, func(c *connection) (err error) {
		if value == nil {
			return misuse("lsm_config: no value")
		}
		*value, err = c.config(which, *value)
		return err
	})
}

//go:wasmexport lsm_insert
func lsmInsert(db int32, key *byte, nKey int32, value *byte, nValue int32) int32 {
	return onConnection(db, func(c *connection) error {
		k, err := bytesAt(key, nKey)
		if err != nil {
			return err
		}
		v, err := bytesAt(value, nValue)
		if err != nil {
			return err
		}
		return c.write(func(tx *engine.Tx) error { return tx.Put(k, v) })
	})
}

//go:wasmexport lsm_delete
func lsmDelete(db int32, key *byte, nKey int32) int32 {
	return onConnection(db, func(c *connection) error {
		k, err := bytesAt(key, nKey)
		if err != nil {
			return err
		}
		return c.write(func(tx *engine.Tx) error { return tx.Delete(k) })
	})
}

//go:wasmexport lsm_delete_range
func lsmDeleteRange(db int32, after *byte, nAfter int32, before *byte, nBefore int32) int32 {
	return onConnection(db, func(c *connection) error {
		a, err := bytesAt(after, nAfter)
		if err != nil {
			return err
		}
		b, err := bytesAt(before, nBefore)
		if err != nil {
			return err
		}
		return c.write(func(tx *engine.Tx) error { return tx.DeleteRange(a, b) })
	})
}

//go:wasmexport lsm_begin
func lsmBegin(db, level int32) int32 {
	return onConnection(db, func(c *connection) error { return c.begin(level) })
}

//go:wasmexport lsm_commit
func lsmCommit(db, level int32) int32 {
	return onConnection(db, func(c *connection) error { return c.commit(level) })
}

//go:wasmexport lsm_rollback
func lsmRollback(db, level int32) int32 {
	return onConnection(db, func(c *connection) error { return c.rollback(level) })
}

//go:wasmexport lsm_work
func lsmWork(db, merge, kb int32, written *int32) int32 {
	return onConnection(db, func(c *connection) error {
		n, err := c.work(merge, kb)
		if written != nil {
			*written = n
		}
		return err
	})
}

//go:wasmexport lsm_flush
func lsmFlush(db int32) int32 {
	return onConnection(db, (*connection).flush)
}

//go:wasmexport lsm_checkpoint
func lsmCheckpoint(db int32, kb *int32) int32 {
	return onConnection(db, func(c *connection) error {
		n, err := c.checkpoint()
		if kb != nil {
			*kb = n
		}
		return err
	})
}

//go:wasmexport lsm_csr_open
func lsmCsrOpen(db int32, csr *int32) int32 {
	return onConnection(db, func(c *connection) error {
		if csr == nil {
			return misuse("lsm_csr_open: no place for the result")
		}
		*csr = 0
		w, err := c.walk()
		if err != nil {
			return err
		}
		n, err := walks.add(w)
		if err != nil {
			w.close()
		}
		*csr = n
		return err
	})
}

//go:wasmexport lsm_csr_close
func lsmCsrClose(csr int32) int32 {
	if csr == 0 {
		return 0 // as in C
	}
	return onWalk(csr, func(w *walk) error {
		walks.remove(csr)
		return w.close()
	})
}

//go:wasmexport lsm_csr_seek
func lsmCsrSeek(csr int32, key *byte, nKey, mode int32) int32 {
	return onWalk(csr, func(w *walk) error {
		k, err := bytesAt(key, nKey)
		if err != nil {
			return err
		}
		return w.seek(k, mode)
	})
}

//go:wasmexport lsm_csr_first
func lsmCsrFirst(csr int32) int32 {
	return onWalk(csr, func(w *walk) error { return w.move(w.cursor.First) })
}

//go:wasmexport lsm_csr_last
func lsmCsrLast(csr int32) int32 {
	return onWalk(csr, func(w *walk) error { return w.move(w.cursor.Last) })
}

//go:wasmexport lsm_csr_next
func lsmCsrNext(csr int32) int32 {
	return onWalk(csr, func(w *walk) error { return w.move(w.cursor.Next) })
}

//go:wasmexport lsm_csr_prev
func lsmCsrPrev(csr int32) int32 {
	return onWalk(csr, func(w *walk) error { return w.move(w.cursor.Prev) })
}

//go:wasmexport lsm_csr_valid
func lsmCsrValid(csr int32) int32 {
	if w, err := walks.get(csr); err == nil && w.cursor.Valid() {
		return 1
	}
	return 0
}

//go:wasmexport lsm_csr_key
func lsmCsrKey(csr int32, key *uint32, n *int32) int32 {
	return onWalk(csr, func(w *walk) error {
		k, err := w.key()
		if err != nil {
			return err
		}
		return hand(k, key, n)
	})
}

//go:wasmexport lsm_csr_value
func lsmCsrValue(csr int32, value *uint32, n *int32) int32 {
	return onWalk(csr, func(w *walk) error {
		v, err := w.value()
		if err != nil {
			return err
		}
		return hand(v, value, n)
	})
}

//go:wasmexport lsm_csr_cmp
func lsmCsrCmp(csr int32, key *byte, nKey int32, result *int32) int32 {
	return onWalk(csr, func(w *walk) error {
		k, err := bytesAt(key, nKey)
		if err != nil {
			return err
		}
		mine, err := w.key()
		if err != nil {
			return err
		}
		if result == nil {
			return misuse("lsm_csr_cmp: no place for the result")
		}
		*result = int32(bytes.Compare(mine, k))
		return nil
	})
}

// lsmlite_error_message has the text of the last call of a connection that failed; db 0 stands for the calls that had
// no connection. The bytes stay valid until the next call that fails.
//
//go:wasmexport lsmlite_error_message
func lsmliteErrorMessage(db int32, text *uint32, n *int32) int32 {
	c := &orphan
	if db != 0 {
		var err error
		if c, err = connections.get(db); err != nil {
			return orphan.result(err)
		}
	}
	if err := hand(unsafe.Slice(unsafe.StringData(c.message), len(c.message)), text, n); err != nil {
		return orphan.result(err)
	}
	return 0
}
