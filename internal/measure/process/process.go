// SPDX-License-Identifier: Apache-2.0

// Package process measures what this process takes: the CPU time of all its threads, and memory. The
// programs that measure use it, here and in the modules below the root.
//
// CPU time is that of the operating system for all threads of the process, so that flushes, compactions
// and the garbage collector count, which work while the caller does something else.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// ErrUnknown says that this system does not tell, or is not asked.
var ErrUnknown = errors.New("not measured on this system")

// Field reads a number from a file of lines with a name and a number, such as those of /proc.
func Field(path, name string) (int64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(raw) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			return strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}
