// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A secret that is given by mistake in the place of a name gets into no error, as far as that can be seen.
const (
	notShown         = "(a name of 64 hex digits, as a key has; it is not shown)"
	notShownVariable = "(not a usual name; it is not shown)"
)

// isKey reports whether a name is a key in hex digits.
func isKey(name string) bool {
	b, err := hex.DecodeString(strings.TrimSpace(name))
	return err == nil && len(b) == Size
}

// shownFile is how a path is shown.
func shownFile(path string) string {
	if isKey(path) {
		return notShown
	}
	return path
}

// shownVariable is how the name of an environment variable is shown: letters, digits and underscores.
func shownVariable(name string) string {
	if isKey(name) {
		return notShown
	}
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return notShownVariable
		}
	}
	return name
}

// withoutPath takes the path out of an error if that is not shown.
func withoutPath(path string, err error) error {
	var p *fs.PathError
	if isKey(path) && errors.As(err, &p) {
		return fmt.Errorf("%s %s: %w", p.Op, notShown, p.Err)
	}
	return err
}
