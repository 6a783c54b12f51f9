// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
)

// maxPassphrase is how long a passphrase may be, and maxKeyFile how long a file with a key: longer
// ones are something else, given by mistake.
const (
	maxPassphrase = 4096
	maxKeyFile    = 2*Size + 16
)

func passphrase(text []byte, p Params, place string) (*Material, error) {
	p = p.OrDefault()
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, keyError(nil, "%s is empty", place)
	}
	if len(text) > maxPassphrase {
		return nil, keyError(nil, "%s has more than %d bytes", place, maxPassphrase)
	}
	return &Material{Passphrase: bytes.Clone(text), Params: p}, nil
}

// parseKey reads 32 bytes, or 64 hex digits. It quotes none of them.
func parseKey(b []byte, place string) (*Material, error) {
	if len(b) == Size {
		return &Material{Key: bytes.Clone(b)}, nil
	}
	digits := bytes.TrimRight(b, " \t\r\n")
	key := make([]byte, hex.DecodedLen(len(digits)))
	if n, err := hex.Decode(key, digits); err != nil || n != Size {
		clear(key)
		return nil, keyError(nil, "%s: %d bytes; want %d, or %d hex digits", place, len(b), Size, 2*Size)
	}
	return &Material{Key: key}, nil
}

// readSecret reads a file that its owner alone may read, and that has at most limit bytes. The
// permissions are those of the file that was opened.
func readSecret(ctx context.Context, path string, limit int) ([]byte, error) {
	f, err := openFile(ctx, path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, keyError(withoutPath(path, err), "open the file with the secret")
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, keyError(withoutPath(path, err), "look at the file with the secret")
	}
	if err := checkMode(path, info); err != nil {
		return nil, err
	}
	b := make([]byte, limit+1)
	n, err := io.ReadFull(f, b)
	if ctx.Err() != nil {
		clear(b)
		return nil, ctx.Err()
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		clear(b)
		return nil, keyError(withoutPath(path, err), "read the file with the secret")
	}
	if n > limit {
		clear(b)
		return nil, keyError(nil, "%s has more than %d bytes", shownFile(path), limit)
	}
	return b[:n], nil
}

func trimLine(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
