// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// What a working key is for, as HKDF's info. A change of the format changes the number.
const (
	infoMeta    = "lsmlite/1 meta"
	infoSegment = "lsmlite/1 segment"
	infoLog     = "lsmlite/1 log"
	infoWrap    = "lsmlite/1 wrap"
	infoID      = "lsmlite/1 id"
)

// Keys is the data key of one open file, and makes the working keys from it. Any number of
// goroutines may use it at the same time.
type Keys struct {
	suite Suite
	file  FileID

	mu   sync.RWMutex // guards what follows
	data []byte       // nil after Wipe
	meta []byte
}

// NewKeys returns the keys of a file. The data key stays the caller's.
func NewKeys(suite Suite, dataKey []byte, file FileID) (*Keys, error) {
	if err := suite.check(); err != nil {
		return nil, err
	}
	if len(dataKey) != KeySize {
		return nil, &errs.Error{Code: errs.CodeKey, Detail: "the data key has the wrong size"}
	}
	meta, err := derive(dataKey, file[:], infoMeta, KeySize)
	if err != nil {
		return nil, err
	}
	return &Keys{suite: suite, file: file, data: bytes.Clone(dataKey), meta: meta}, nil
}

func derive(secret, salt []byte, info string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, salt, info, size)
}

// Suite returns the cipher of the file.
func (k *Keys) Suite() Suite { return k.suite }

// FileID returns the id of the file.
func (k *Keys) FileID() FileID { return k.file }

// Segment returns the Box for the pages of the segment with that salt.
func (k *Keys) Segment(salt Salt) (*Box, error) { return k.box(salt, infoSegment) }

// Log returns the Box for the frames of the log's session with that salt.
func (k *Keys) Log(salt Salt) (*Box, error) { return k.box(salt, infoLog) }

func (k *Keys) box(salt Salt, info string) (*Box, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.data == nil {
		return nil, errWiped()
	}
	key, err := derive(k.data, salt[:], info, KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return newBox(k.suite, key)
}

// MAC returns the HMAC-SHA-256 of the parts, one after the other, under the key for meta pages.
func (k *Keys) MAC(parts ...[]byte) (sum [MACSize]byte) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	h := hmac.New(sha256.New, k.meta)
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}

// Is reports whether a data key is that of the file.
func (k *Keys) Is(dataKey []byte) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.data != nil && subtle.ConstantTimeCompare(k.data, dataKey) == 1
}

// Wipe overwrites the data key and the key for meta pages: after it Segment and Log fail, and MAC
// returns nothing that agrees. Boxes that were made before keep their keys.
func (k *Keys) Wipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.data)
	clear(k.meta)
	k.data = nil
}

// DataKey calls use with a copy of the data key, which is not valid after it: to wrap it for another slot, and
// to make the keys of a copy that has another id. Wipe does not wait for use, which may call a service.
func (k *Keys) DataKey(use func(dataKey []byte) error) error {
	k.mu.RLock()
	data := bytes.Clone(k.data)
	k.mu.RUnlock()
	if data == nil {
		return errWiped()
	}
	defer clear(data)
	return use(data)
}

func errWiped() error {
	return &errs.Error{Code: errs.CodeMisuse, Detail: "the database is closed, and its keys are overwritten"}
}
