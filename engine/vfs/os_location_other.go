// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package vfs

import "errors"

func (*osFile) location() (string, error) { return "", errors.ErrUnsupported }
