// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// handles gives values numbers that stand for C's pointers. A number is never used twice, so one that was closed
// stays wrong. The zero value is empty.
type handles[T any] struct {
	last int32
	open map[int32]T
}

// maxHandles is how many may be open at once, of each kind.
const maxHandles = 1 << 16

func (h *handles[T]) add(v T) (int32, error) {
	if len(h.open) >= maxHandles || h.last < 0 {
		return 0, misuse("%d handles are open; that is the most", len(h.open))
	}
	if h.open == nil {
		h.open = make(map[int32]T)
	}
	h.last++ // past the last number it is negative, and add refuses
	if h.last < 0 {
		return 0, misuse("no handle is left")
	}
	h.open[h.last] = v
	return h.last, nil
}

func (h *handles[T]) get(n int32) (T, error) {
	v, ok := h.open[n]
	if !ok {
		return v, misuse("%d is no open handle", n)
	}
	return v, nil
}

func (h *handles[T]) remove(n int32) { delete(h.open, n) }

// safely calls do and makes an error of a panic, which would end the module with all that is open in it.
func safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do()
}
