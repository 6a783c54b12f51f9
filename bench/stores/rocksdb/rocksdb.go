// SPDX-License-Identifier: Apache-2.0

//go:build cgo && rocksdb

// Package rocksdb opens RocksDB, in C++, in programs built with the tag rocksdb on a machine with the
// library and its header (Debian's librocksdb-dev). It is called through its C interface with one
// crossing of cgo, of about 40 ns, for a commit, for a get and for each row of a scan: commits hand over
// batches in RocksDB's own form, and small functions in C gather what a get or a step returns.
//
// The settings are those that its wiki gives for data on a fast disk: a cache of blocks in the shared size,
// Bloom filters of 10 bits, indexes and filters in the cache, a memtable of the shared size, level
// compaction with dynamic level sizes, as many jobs in the background as there are cores. Blocks are not
// compressed.
//
// Class N writes the log by each commit and does not sync it, so a kill loses nothing. Class F syncs it; the
// commits of writers that wait at the same time share a sync.
package rocksdb

/*
#cgo LDFLAGS: -lrocksdb
#cgo noescape lsmlite_bench_get
#cgo nocallback lsmlite_bench_get
#cgo noescape lsmlite_bench_row
#cgo nocallback lsmlite_bench_row
#cgo noescape lsmlite_bench_write
#cgo nocallback lsmlite_bench_write

#include <stdlib.h>
#include <string.h>
#include <rocksdb/c.h>

// lsmlite_bench_get copies the value of a key to dst if it fits, and returns its length, -1 if there is none.
static long long lsmlite_bench_get(rocksdb_t *db, rocksdb_readoptions_t *o, const char *key, size_t n, char *dst, size_t room, char **err) {
	rocksdb_pinnableslice_t *p = rocksdb_get_pinned(db, o, key, n, err);
	size_t len;
	if (p == NULL) return -1;
	const char *value = rocksdb_pinnableslice_value(p, &len);
	if (len <= room) memcpy(dst, value, len);
	rocksdb_pinnableslice_destroy(p);
	return (long long)len;
}

typedef struct {
	const char *key, *value;
	size_t key_len, value_len;
} lsmlite_bench_pair;

// lsmlite_bench_row moves an iterator by -1, 0 or 1 and returns whether it stands on a row, and which.
static int lsmlite_bench_row(rocksdb_iterator_t *it, int step, lsmlite_bench_pair *row) {
	if (step > 0) rocksdb_iter_next(it);
	if (step < 0) rocksdb_iter_prev(it);
	if (!rocksdb_iter_valid(it)) return 0;
	row->key = rocksdb_iter_key(it, &row->key_len);
	row->value = rocksdb_iter_value(it, &row->value_len);
	return 1;
}

static void lsmlite_bench_write(rocksdb_t *db, rocksdb_writeoptions_t *o, const char *rep, size_t n, char **err) {
	rocksdb_writebatch_t *b = rocksdb_writebatch_create_from(rep, n);
	rocksdb_write(db, o, b, err);
	rocksdb_writebatch_destroy(b);
}
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

const filterBits = 10

// Driver describes the store.
func Driver() kv.Driver {
	const common = "memtables of the shared size, Bloom filters of 10 bits, indexes and filters cached, dynamic level sizes, no compression; through cgo; "
	return kv.Driver{
		Name:    "rocksdb",
		Version: "of the machine",
		Module:  "C++ library rocksdb",
		Settings: map[kv.Class]string{
			kv.Normal: common + "sync=false",
			kv.Full:   common + "sync=true",
		},
		Cgo:       true,
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	o := C.rocksdb_options_create()
	defer C.rocksdb_options_destroy(o)
	C.rocksdb_options_set_create_if_missing(o, 1)
	C.rocksdb_options_increase_parallelism(o, C.int(max(2, runtime.NumCPU())))
	C.rocksdb_options_set_write_buffer_size(o, C.size_t(c.BufferBytes))
	C.rocksdb_options_set_level_compaction_dynamic_level_bytes(o, 1)
	C.rocksdb_options_set_bytes_per_sync(o, 1<<20)
	C.rocksdb_options_set_compression(o, C.rocksdb_no_compression)

	cache := C.rocksdb_cache_create_lru(C.size_t(c.CacheBytes))
	defer C.rocksdb_cache_destroy(cache) // the options keep their own reference
	table := C.rocksdb_block_based_options_create()
	defer C.rocksdb_block_based_options_destroy(table)
	C.rocksdb_block_based_options_set_block_cache(table, cache)
	C.rocksdb_block_based_options_set_filter_policy(table, C.rocksdb_filterpolicy_create_bloom_full(filterBits))
	C.rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
	C.rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
	C.rocksdb_options_set_block_based_table_factory(o, table)

	dir := C.CString(c.Dir)
	defer C.free(unsafe.Pointer(dir))
	var cerr *C.char
	db := C.rocksdb_open(o, dir, &cerr)
	if err := taken(cerr); err != nil {
		return nil, err
	}
	s := &store{db: db, read: C.rocksdb_readoptions_create(), write: C.rocksdb_writeoptions_create()}
	C.rocksdb_readoptions_set_verify_checksums(s.read, 1)
	if c.Class == kv.Full {
		C.rocksdb_writeoptions_set_sync(s.write, 1)
	}
	return s, nil
}

// taken makes an error of a message, which it frees.
func taken(message *C.char) error {
	if message == nil {
		return nil
	}
	defer C.rocksdb_free(unsafe.Pointer(message))
	return errors.New("rocksdb: " + C.GoString(message))
}

type store struct {
	db    *C.rocksdb_t
	read  *C.rocksdb_readoptions_t
	write *C.rocksdb_writeoptions_t
	reps  sync.Pool // of *[]byte
}

// The parts of a batch: a sequence number of 8 bytes, which the database sets, the number of records in
// 4, and the records, each a tag and one or two strings with their lengths as varints.
const (
	batchHeader    = 12
	tagDelete      = 0
	tagPut         = 1
	tagDeleteRange = 15
)

func (s *store) Write(ops []kv.Op) error {
	return s.batch(len(ops), func(rep []byte) []byte {
		for i := range ops {
			if op := &ops[i]; op.Delete {
				rep = appendString(append(rep, tagDelete), op.Key)
			} else {
				rep = appendString(appendString(append(rep, tagPut), op.Key), op.Value)
			}
		}
		return rep
	})
}

func (s *store) DeleteRange(from, to []byte) error {
	return s.batch(1, func(rep []byte) []byte {
		return appendString(appendString(append(rep, tagDeleteRange), from), to)
	})
}

func appendString(rep, s []byte) []byte {
	return append(binary.AppendUvarint(rep, uint64(len(s))), s...)
}

// batch commits the records that fill appends.
func (s *store) batch(records int, fill func(rep []byte) []byte) error {
	buf, _ := s.reps.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer s.reps.Put(buf)
	rep := append((*buf)[:0], make([]byte, batchHeader)...)
	binary.LittleEndian.PutUint32(rep[8:], uint32(records))
	rep = fill(rep)
	*buf = rep
	var cerr *C.char
	C.lsmlite_bench_write(s.db, s.write, char(rep), C.size_t(len(rep)), &cerr)
	return taken(cerr)
}

func char(b []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(b))) }

func (s *store) Flush() error {
	o := C.rocksdb_flushoptions_create()
	defer C.rocksdb_flushoptions_destroy(o)
	C.rocksdb_flushoptions_set_wait(o, 1)
	var cerr *C.char
	C.rocksdb_flush(s.db, o, &cerr)
	return taken(cerr)
}

func (s *store) Close() error {
	C.rocksdb_close(s.db)
	C.rocksdb_readoptions_destroy(s.read)
	C.rocksdb_writeoptions_destroy(s.write)
	return nil
}

func (s *store) Reader() (kv.Reader, error) { return reader{s}, nil }

type reader struct{ *store }

// Get grows dst if the value does not fit, and asks again.
func (r reader) Get(dst, key []byte) ([]byte, bool, error) {
	for {
		room := dst[len(dst):cap(dst)]
		var cerr *C.char
		n := int(C.lsmlite_bench_get(r.db, r.read, char(key), C.size_t(len(key)), char(room), C.size_t(len(room)), &cerr))
		if n < 0 {
			return dst, false, taken(cerr)
		}
		if n <= len(room) {
			return dst[:len(dst)+n], true, nil
		}
		dst = append(dst, make([]byte, n)...)[:len(dst)]
	}
}

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	it := C.rocksdb_create_iterator(r.db, r.read)
	defer C.rocksdb_iter_destroy(it)
	seek(it, want)
	step := C.int(1)
	if want.Reverse {
		step = -1
	}
	var row C.lsmlite_bench_pair
	n := 0
	for ok := C.lsmlite_bench_row(it, 0, &row); ok != 0; ok = C.lsmlite_bench_row(it, step, &row) {
		if err := visit(bytes(row.key, row.key_len), bytes(row.value, row.value_len)); err != nil {
			return err
		}
		if n++; n == want.Limit {
			return nil
		}
	}
	var cerr *C.char
	C.rocksdb_iter_get_error(it, &cerr)
	return taken(cerr)
}

func bytes(p *C.char, n C.size_t) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)) }

// seek moves to the first record of a range.
func seek(it *C.rocksdb_iterator_t, want kv.Range) {
	switch from := want.From; {
	case from == nil && want.Reverse:
		C.rocksdb_iter_seek_to_last(it)
	case from == nil:
		C.rocksdb_iter_seek_to_first(it)
	case want.Reverse:
		C.rocksdb_iter_seek_for_prev(it, char(from), C.size_t(len(from)))
	default:
		C.rocksdb_iter_seek(it, char(from), C.size_t(len(from)))
	}
}

func (r reader) Close() error { return nil }
