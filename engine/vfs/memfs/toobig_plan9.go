// SPDX-License-Identifier: Apache-2.0

package memfs

import "errors"

// errTooBig is the cause when a file would grow beyond maxFileBytes.
var errTooBig = errors.New("file too large")
