package blockfile

import (
	"errors"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// ioError wraps a failed file operation; a full disk gets its own code.
func ioError(op, path, detail string, err error) error {
	code := base.CodeIO
	if errors.Is(err, syscall.ENOSPC) {
		code = base.CodeFull
	}
	return &base.Error{Code: code, Op: op, Path: path, Detail: detail, Err: err}
}
