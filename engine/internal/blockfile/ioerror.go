package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ioError wraps a failed file operation; a full disk gets its own code.
func ioError(op, path, detail string, err error) error {
	code := base.CodeIO
	if vfs.IsNoSpace(err) {
		code = base.CodeFull
	}
	return &base.Error{Code: code, Op: op, Path: path, Detail: detail, Err: err}
}
