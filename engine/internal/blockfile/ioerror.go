package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ioError wraps a failed file operation; a full disk gets its own code.
func ioError(op, path, detail string, err error) error {
	code := errs.CodeIO
	if vfs.IsNoSpace(err) {
		code = errs.CodeFull
	}
	return &errs.Error{Code: code, Op: op, Path: path, Detail: detail, Err: err}
}
