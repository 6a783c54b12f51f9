// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
)

// Bound returns the longest body of a page's record in an encrypted file with a codec, nil for none.
func Bound(pageSize int, codec compress.Codec) int {
	if codec != nil {
		return codec.Bound(pageSize) + crypt.PageOverhead
	}
	return pageSize + crypt.PageOverhead
}

// how says in messages how pages are stored.
func (l *packed) how() string {
	switch {
	case l.coder == nil:
		return "encrypted"
	case l.f.keys != nil:
		return "encrypted and compressed with " + l.coder.Name()
	}
	return "compressed with " + l.coder.Name()
}

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
