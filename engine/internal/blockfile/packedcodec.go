// SPDX-License-Identifier: Apache-2.0

package blockfile

import "fmt"

// decompress guards against a codec that panics on damaged input: an error of a page must
// not end the program.
func (l *packed) decompress(dst, src []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the codec panics: %v", r)
		}
	}()
	return l.coder.Decompress(dst, src)
}
