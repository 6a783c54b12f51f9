// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// StateToken names one commit of an encrypted database: how many there have been, and the chain
// of the log after it, which no other history has. The zero value names none. See DB.State and
// Options.NotBefore.
type StateToken struct {
	Commits uint64
	Chain   [16]byte
}

// String returns the token as text: the number, a colon, and 32 hex digits.
func (t StateToken) String() string { return fmt.Sprintf("%d:%x", t.Commits, t.Chain) }

// ParseStateToken reads what String returned.
func ParseStateToken(s string) (StateToken, error) {
	number, digits, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	chain, hexErr := hex.DecodeString(digits)
	if err != nil || hexErr != nil || len(chain) != 16 {
		return StateToken{}, &Error{Code: CodeMisuse, Op: "options", Detail: fmt.Sprintf("state token %q; want a number, a colon and 32 hex digits", s)}
	}
	return StateToken{Commits: n, Chain: [16]byte(chain)}, nil
}
