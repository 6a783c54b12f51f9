// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// New makes a File over an open file whose pages are compressed with codec; nil means that
// they are not. geo must have been made for the codec. cacheBytes bounds the page cache.
func New(f vfs.File, path string, geo format.Geometry, codec compress.Codec, cacheBytes int64) *File {
	return newFile(f, path, geo, codec, nil, cacheBytes)
}

// NewEncrypted is New for an encrypted file. geo must have been made by Bound of its codec, nil for none.
// The keys stay the caller's.
func NewEncrypted(f vfs.File, path string, geo format.Geometry, codec compress.Codec, keys *crypt.Keys, cacheBytes int64) *File {
	return newFile(f, path, geo, codec, keys, cacheBytes)
}

func newFile(f vfs.File, path string, geo format.Geometry, codec compress.Codec, keys *crypt.Keys, cacheBytes int64) *File {
	b := &File{f: f, path: path, geo: geo, keys: keys}
	b.findStarter()
	if codec == nil && keys == nil {
		b.layout = plain{b}
	} else {
		b.layout = newPacked(b, codec)
	}
	b.cache.init(geo, cacheBytes, b.layout)
	b.regions.init(f, int64(b.cache.places)*int64(geo.PageSize))
	return b
}
