// SPDX-License-Identifier: Apache-2.0

// Package tikvstore keeps the rows of lsmlite in TiKV; it is EXPERIMENTAL until it has run on a real cluster.
//
// Importing it registers the scheme tikv, so that sql.Open("lsmlite", "tikv://pd1:2379,pd2:2379/name") opens the
// rows of that name. The tests run on the mock that TiKV's client brings, which proves nothing about servers; the
// README lists what has to be shown on some first.
//
// A row is a key of TiKV: k, the name, a zero byte and the row's key. Its value has a byte before it, because
// TiKV's client refuses empty ones. The key m and the name say how many may write, and f and the name count the
// commits where one may. The key g says which client collects the garbage of the cluster, if any was told to.
//
// A snapshot is a timestamp. A transaction is an overlay over one; what it has written goes to TiKV at COMMIT.
//
//   - writers=many: TiKV refuses the commit if another one has written one of the keys since the timestamp.
//   - writers=one: BEGIN locks the key that counts commits, and takes its timestamp after that, so that it sees all
//     commits before it. COMMIT writes that key, too, and so fails if the lock was lost meanwhile.
//
// The package owns its client, which is not shared with others. Its goroutines end with Close, which waits for calls
// that were given up when their contexts ended.
package tikvstore
