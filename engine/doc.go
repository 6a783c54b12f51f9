// SPDX-License-Identifier: Apache-2.0

// Package engine is an embedded, ordered, transactional key-value database in a single
// file, in the format of SQLite's lsm1.
//
// It is the layer below the database/sql driver of package lsmlite, for programs that need keys
// and values without SQL. Keys and values are bytes; keys are ordered as bytes.Compare orders
// them. One transaction writes at a time; readers see a snapshot, and never wait.
//
// # Open and close
//
//	db, err := engine.Open(ctx, "my.lsm", engine.Options{})
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//
// [Open] creates the file if there is none. In a file that exists it takes the newest checkpoint,
// and replays the log after it: what a killed process has committed is there again. The zero
// [Options] are the defaults. A file that is not a database, that is visibly damaged, or that
// another process has open is refused, and not changed.
//
// [DB.Close] flushes what is in memory, makes a checkpoint, removes the log and cuts the
// file. It refuses with [ErrBusy] while transactions, snapshots, cursors or read-only
// handles of this process that share the database are open. A program that ends without Close
// loses no commit: the next Open replays the log.
//
// # Reading
//
// [DB.Get] reads one key of the newest committed state. A [Snapshot] is one state for
// many reads; a [Cursor] walks its keys in order, in both directions:
//
//	err := db.View(ctx, func(s *engine.Snapshot) error {
//		c, err := s.Cursor()
//		if err != nil {
//			return err
//		}
//		defer c.Close()
//		for ok := c.Seek([]byte("user/"), engine.SeekGE); ok; ok = c.Next() {
//			value, err := c.Value()
//			…
//		}
//		return c.Err()
//	})
//
// Keys and values that a cursor returns are read-only and stay valid until it moves. Get
// appends to a slice of the caller's. A cursor that meets an error stops, as at the end;
// [Cursor.Err] returns the error.
//
// A value may be as long as [MaxValueSize]. Get and [Cursor.Value] take memory for it once;
// [Cursor.ValueReader] reads it piece by piece. ValueLen returns its length, or that the key is
// not there, without reading the value. [Tx.PutReader] reads a value from an [io.Reader] into the
// transaction, which is in memory.
//
// A snapshot or cursor may stay open for hours. What it shows is not overwritten in the meantime,
// so its space in the file and in memory cannot be used again: close it when you have finished.
//
// # Writing
//
// [DB.Update] runs a function in a write transaction and commits it if the function
// returns nil. [DB.Begin] is the same by hand. It waits for the writer's turn, in order of
// arrival, until its context ends. A [Tx] sees its own writes.
//
//	err := db.Update(ctx, func(tx *engine.Tx) error {
//		if err := tx.Put([]byte("user/1"), []byte("Ada")); err != nil {
//			return err
//		}
//		return tx.DeleteRange([]byte("log/2023"), []byte("log/2025"))
//	})
//
// [Tx.DeleteRange] removes everything strictly between two keys with one record, however
// many keys there are. Transactions nest: [Tx.Begin] opens the next level, [Tx.RollbackTo]
// undoes everything since a level was opened and keeps it open, [Tx.CommitTo] makes the
// levels above part of the one below. Only [Tx.Commit] ends the whole transaction and makes it
// visible.
//
// What a commit survives is the [Safety] level. Every level survives a killed process;
// [SafetyNormal], the default, may lose the newest commits when the machine loses power;
// [SafetyFull] loses none. After a failed sync nothing more is written: see [DB.Poisoned]. The
// same holds after the files have been renamed, replaced or removed: see [DB.Moved].
//
// [NewBuilder] makes a new file of rows that come in the order of their keys, and writes each of them once:
// the fastest way to load sorted rows.
//
// # What happens after a write
//
// Commits go to the log and to a tree in memory, the live tree. When it has Options.AutoFlush
// bytes it becomes the old tree, and is written to the file as a segment: a sorted run with a
// b-tree in it. Segments of one age are merged into one of the next age. A checkpoint makes the
// list of segments durable; then the log before it and the blocks of merged segments can be used
// again.
//
// By default the commits do this work themselves, a little each. With Options.Background,
// goroutines do it. [DB.Flush], [DB.Work], [DB.Checkpoint] and [DB.Optimize] do it on request;
// Optimize leaves one densely packed segment, for a database that is written once and read many
// times.
//
// # Settings
//
// The zero Options are [PresetDefault]; [PresetLowMemory], [PresetHighPerformance] and
// [PresetLSMLiteRS] are other Options to begin with. Page size, block size and compression belong
// to the file: a file that exists keeps its own.
//
// Options.Compression packs each page of a new file by itself, with LZ4, zlib, zstd or
// Snappy, or with a [Codec] of your own. Opening a file with another codec than its own fails
// with [ErrMismatch]; without a name, the file's own codec is used.
//
// # Encryption
//
// With Options.Key, a source of package keys, a new file is encrypted from its first byte on, log and copies
// included, and one that exists opens with a key of its own only: without it, with [ErrKey]. What was changed
// without the key is [ErrTampered]; Options.NotBefore refuses an older state with [ErrRolledBack]. [DB.AddKey]
// and [DB.RemoveKey] change keys; docs/encryption.md says what all that protects from.
//
// # Backup
//
// [DB.Backup] copies the rows of one snapshot into a new, densely packed file, while readers and
// writers go on; [DB.CopyCheckpoint] copies the blocks of a checkpoint. Either copy is a database
// that was closed: to restore it, give it the name of the database that is lost.
//
// # Looking inside
//
// [DB.Stats], [DB.Structure], [DB.FreeList], [DB.LogStructure] and others return what lsm_info of
// C lsm1 returns; [DB.Page] returns what is on a page. [DB.Pins] lists the states that readers
// hold, and what cannot be used again because of them. [DB.Check] reads everything and reports
// whatever is wrong.
//
// Options.Observer is called for each commit, flush, merge, checkpoint, stall and error,
// Options.Logger logs the rare ones of these. Package prom makes Prometheus metrics of it.
//
// # Errors
//
// Errors are of type [*Error], with lsm1's code, the operation and the file, or
// [*CorruptionError], which names the page. Use errors.Is with [ErrBusy], [ErrCorrupt]
// and the others. When a context ends, the error is the context's. No bytes in a file make the
// package panic.
//
// # Concurrency
//
// The methods of a DB and of a Snapshot may be called from any goroutine. A Tx or a Cursor
// belongs to one goroutine at a time. Only one handle in one process can have a file open
// for writing; share it, or open the file read-only in the same process.
package engine
