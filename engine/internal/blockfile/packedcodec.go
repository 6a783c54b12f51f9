// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"fmt"
	"slices"
)

// decompress fills dst with a page. It guards against a codec that panics on damaged input: an error
// of a page must not end the program. A codec may use what dst has room for, and that ends
// with the page, because what comes after it may be the caller's.
func (l *packed) decompress(dst, src []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the codec panics: %v", r)
		}
	}()
	return l.coder.Decompress(slices.Clip(dst), src)
}
