// SPDX-License-Identifier: Apache-2.0

package overlay

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

func misuse(op, detail string) error {
	return &errs.Error{Code: errs.CodeMisuse, Op: op, Detail: detail}
}

func tooBig(op, format string, args ...any) error {
	return &errs.Error{Code: errs.CodeTooBig, Op: op, Detail: fmt.Sprintf(format, args...)}
}

// joinErrors is errors.Join that leaves a lone error as it is.
func joinErrors(err, also error) error {
	switch {
	case also == nil:
		return err
	case err == nil:
		return also
	}
	return errors.Join(err, also)
}
