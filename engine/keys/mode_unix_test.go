// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keys_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// A file that group or others may read, write or run is refused. Other platforms have no such
// permissions: see mode_other.go.
func TestFilesOfOthersAreRefused(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o620: false, 0o601: false} {
		path := write(t, string(key))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for _, src := range []keys.Source{keys.File(path), keys.PassphraseFile(path)} {
			_, err := src.Material(context.Background())
			if ok && err != nil || !ok && (!errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "chmod 600")) {
				t.Errorf("%#o, %s: %v", mode, src, err)
			}
		}
	}
}
