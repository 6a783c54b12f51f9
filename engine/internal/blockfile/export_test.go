// SPDX-License-Identifier: Apache-2.0

package blockfile

// SlotBytes returns how much of the cache's budget a page takes.
func SlotBytes(pageSize int) int64 { return int64(pageSize + headRoom(pageSize)) }
