// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"io/fs"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// liar is a file system whose syncs of the log do nothing: it stands for an engine that forgets them.
type liar struct{ vfs.FS }

func (l *liar) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := l.FS.Open(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, "-log") {
		return f, err
	}
	return &lyingFile{f}, nil
}

type lyingFile struct{ vfs.File }

func (*lyingFile) Sync() error { return nil }
