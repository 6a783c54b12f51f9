// SPDX-License-Identifier: Apache-2.0

package fence

// Leaves returns the number of leaf pages.
func (f *Fences) Leaves() int { return len(f.low) }

// Bytes returns the memory that the fences take.
func (f *Fences) Bytes() int64 {
	return int64(cap(f.prefix)) + 8*int64(cap(f.heads)) + 4*int64(cap(f.low)+cap(f.high))
}
