// SPDX-License-Identifier: Apache-2.0

// Package base is the engine's vocabulary: numbers with types, record kinds and key order.
//
// It imports nothing of the engine, so every other package may use it. It holds no
// state and does no I/O.
package base

import "bytes"

// PageNo numbers a page of the database file. In an uncompressed file page p lies at
// byte (p-1)*pageSize; in a compressed file it is the byte offset of the page record.
// Zero means "no page".
type PageNo int64

// BlockNo numbers a block of the database file, from 1. Block 1 holds the two meta
// pages. Zero means "no block".
type BlockNo uint32

// SnapshotID numbers the published states of the level structure. It only grows. The
// empty database has id 10 and the first published snapshot id 11, as in lsm1.
type SnapshotID int64

// EmptySnapshotID is the id of the database before anything was published.
const EmptySnapshotID SnapshotID = 10

// Kind says what a record means. The bits are lsm1's, as stored in a cell's type byte
// and as used in the in-memory tree.
type Kind uint8

const (
	// StartDelete: everything greater than this key, up to the next key of the same
	// source, is deleted in older sources.
	StartDelete Kind = 0x01
	// EndDelete: everything less than this key, down to the previous key of the same
	// source, is deleted in older sources. Between two neighbouring keys a < b of one
	// source, a has StartDelete exactly when b has EndDelete.
	EndDelete Kind = 0x02
	// PointDelete: this key is deleted.
	PointDelete Kind = 0x04
	// Insert: this key has a value.
	Insert Kind = 0x08
	// Separator: the record holds no data; C lsm1 writes it to carry an FC pointer.
	Separator Kind = 0x10
	// System: the key belongs to the engine (a free-list entry), not to the user.
	// System keys sort after all user keys.
	System Kind = 0x20
	// contiguous is an in-memory bit of C lsm1 that leaks into its files. It means
	// nothing; readers drop it with Clean.
	contiguous Kind = 0x40
)

// RangeBits are the two bits that mark the ends of a deleted range.
const RangeBits = StartDelete | EndDelete

// Clean returns k without the bit that C lsm1 leaks into its files.
func (k Kind) Clean() Kind { return k &^ contiguous }

// Supplies reports whether a record of this kind decides the fate of its own key, that
// is, whether it inserts or deletes it and so hides older records of the same key.
func (k Kind) Supplies() bool { return k&(Insert|PointDelete) != 0 }

// Possible reports whether a record in a file can be of kind k.
func (k Kind) Possible() bool {
	return k&^System != 0 && k < contiguous && k&(Insert|PointDelete) != Insert|PointDelete
}

// Compare orders keys as lsm1 does: byte by byte, then the shorter first.
func Compare(a, b []byte) int { return bytes.Compare(a, b) }

// CompareTopic orders keys of both topics: all user keys before all system keys, then
// by Compare.
func CompareTopic(aKind Kind, a []byte, bKind Kind, b []byte) int {
	if d := int(aKind&System) - int(bKind&System); d != 0 {
		return d
	}
	return bytes.Compare(a, b)
}
