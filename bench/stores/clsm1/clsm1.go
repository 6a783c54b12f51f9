// SPDX-License-Identifier: Apache-2.0

//go:build cgo && lsm1

// Package clsm1 opens lsm1, the C library that lsmlite shares its file format with, in programs built
// with the tag lsm1 where liblsm1 is installed; CGO_LDFLAGS="-L/folder" names a folder that the linker does
// not search by itself. There is no C code here, only declarations of the functions that are called. Each
// call goes through cgo, which takes about 40 ns, and a get takes five of them.
//
// The settings are those of lsmlite's preset default where lsm1 has them (trees of 8 MiB, a checkpoint after
// 16 MiB); its own defaults are an eighth of that. Its other defaults are the same: pages of 4 KiB, blocks of
// 1 MiB, merges of four segments, and flushes and merges by commits. It reads through a mapping of its file and
// has no cache of its own. The database belongs to one process. One connection writes at a time.
//
// Class N is LSM_SAFETY_NORMAL: only checkpoints are synced, and the log is written by each commit, so a
// kill loses nothing. Class F is LSM_SAFETY_FULL.
package clsm1

/*
#cgo LDFLAGS: -llsm1
#cgo noescape lsm_insert
#cgo nocallback lsm_insert

typedef struct lsm_db lsm_db;

int lsm_new(void *, lsm_db **);
int lsm_open(lsm_db *, const char *);
int lsm_close(lsm_db *);
// The library's declaration has three dots in place of the last parameter, which cgo cannot call; all that
// is passed here is one pointer, for which the calling conventions of Linux are the same.
int lsm_config(lsm_db *, int, int *);
int lsm_begin(lsm_db *, int);
int lsm_commit(lsm_db *, int);
int lsm_rollback(lsm_db *, int);
int lsm_insert(lsm_db *, const void *, int, const void *, int);
int lsm_delete(lsm_db *, const void *, int);
int lsm_delete_range(lsm_db *, const void *, int, const void *, int);
int lsm_flush(lsm_db *);
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Numbers of lsm1's settings and modes, and the values that they get.
const (
	configAutoFlush      = 1
	configSafety         = 3
	configProcesses      = 11
	configAutoCheckpoint = 12

	autoFlushKB      = 8 << 10
	autoCheckpointKB = 16 << 10

	seekLE, seekEQ, seekGE = -1, 0, 1
)

// Driver describes the store.
func Driver() kv.Driver {
	const common = "autoflush 8 MiB, autocheckpoint 16 MiB, one process, reads through a mapping; through cgo; "
	return kv.Driver{
		Name:    "lsm1",
		Version: "of the user",
		Module:  "C library lsm1",
		Settings: map[kv.Class]string{
			kv.Normal: common + "LSM_SAFETY_NORMAL",
			kv.Full:   common + "LSM_SAFETY_FULL",
		},
		Cgo:       true,
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	s := &store{path: filepath.Join(c.Dir, "bench.lsm1"), safety: 1}
	if c.Class == kv.Full {
		s.safety = 2
	}
	db, err := s.connect()
	if err != nil {
		return nil, err
	}
	s.db = db
	return s, nil
}

// failed turns a result code into an error.
func failed(call string, code C.int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("%s: lsm1 error code %d", call, int(code))
}

// store has the connection that writes.
type store struct {
	path   string
	safety C.int

	mu sync.Mutex // held while the connection is used
	db *C.lsm_db
}

// connect opens a connection. Each may be used by one goroutine at a time.
func (s *store) connect() (*C.lsm_db, error) {
	var db *C.lsm_db
	if err := failed("lsm_new", C.lsm_new(nil, &db)); err != nil {
		return nil, err
	}
	for _, setting := range []struct{ number, value C.int }{
		{configProcesses, 0},
		{configAutoFlush, autoFlushKB},
		{configAutoCheckpoint, autoCheckpointKB},
		{configSafety, s.safety},
	} {
		value := setting.value
		if err := failed("lsm_config", C.lsm_config(db, setting.number, &value)); err != nil {
			C.lsm_close(db)
			return nil, err
		}
	}
	path := append([]byte(s.path), 0)
	if err := failed("lsm_open", C.lsm_open(db, (*C.char)(unsafe.Pointer(&path[0])))); err != nil {
		C.lsm_close(db)
		return nil, err
	}
	return db, nil
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// transaction runs do between lsm_begin and lsm_commit.
func (s *store) transaction(do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := failed("lsm_begin", C.lsm_begin(s.db, 1)); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, failed("lsm_rollback", C.lsm_rollback(s.db, 0)))
	}
	return failed("lsm_commit", C.lsm_commit(s.db, 0))
}

// Write makes a single change without a transaction of its own, as a program would.
func (s *store) Write(ops []kv.Op) error {
	if len(ops) == 1 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.change(&ops[0])
	}
	return s.transaction(func() error {
		for i := range ops {
			if err := s.change(&ops[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) change(op *kv.Op) error {
	if op.Delete {
		return failed("lsm_delete", C.lsm_delete(s.db, pointer(op.Key), C.int(len(op.Key))))
	}
	return failed("lsm_insert", C.lsm_insert(s.db, pointer(op.Key), C.int(len(op.Key)), pointer(op.Value), C.int(len(op.Value))))
}

// DeleteRange deletes the first key by itself, because the range of lsm1 excludes both ends.
func (s *store) DeleteRange(from, to []byte) error {
	return s.transaction(func() error {
		if err := s.change(&kv.Op{Key: from, Delete: true}); err != nil {
			return err
		}
		return failed("lsm_delete_range",
			C.lsm_delete_range(s.db, pointer(from), C.int(len(from)), pointer(to), C.int(len(to))))
	})
}

func (s *store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return failed("lsm_flush", C.lsm_flush(s.db))
}

func (s *store) Close() error { return failed("lsm_close", C.lsm_close(s.db)) }

func (s *store) Reader() (kv.Reader, error) {
	db, err := s.connect()
	if err != nil {
		return nil, err
	}
	return &reader{db: db}, nil
}
