// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// StateToken names one commit of an encrypted database: how many there have been, and the chain
// of the log after it, which no other history has: no other database, and no copy by Backup, by
// CopyCheckpoint or by Recover. The zero value names none. See DB.State and Options.NotBefore.
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

// State returns the token of the newest commit, the zero token for a database in clear. What it names may
// be lost to a power failure, as the commit may: with Safety below SafetyFull call Checkpoint, after Flush,
// before the token is kept. Commits without a log do not count. The token of a copy comes from the copy, opened
// before others can change it.
func (db *DB) State() StateToken {
	if db.secret == nil {
		return StateToken{}
	}
	st := db.ledger.Acquire()
	defer db.ledger.Release(st)
	return StateToken{Commits: st.End.Commits, Chain: st.End.Chain}
}

// CheckNotBefore compares an open database with a token, with the error that Open would return for
// Options.NotBefore: for a program that gives others access to a database that it has open. Commits after that of the
// token are not searched for it: only if that is the newest one, another history is noticed.
func (db *DB) CheckNotBefore(token StateToken) error {
	if err := db.usable("state"); err != nil || token == (StateToken{}) {
		return err
	}
	st := db.State()
	return rolledBack(db.path, token, st.Commits, st.Commits == token.Commits && st.Chain != token.Chain)
}

// notBefore compares the file with Options.NotBefore. The log is read once more for that, because nothing
// may be written before.
func (o *opener) notBefore() error {
	want := o.db.opts.NotBefore
	if want == (StateToken{}) {
		return nil
	}
	newest, other := uint64(0), false
	look := func(pos format.LogPos) error {
		newest = pos.Commits
		other = other || newest == want.Commits && pos.Chain != want.Chain
		return nil
	}
	_ = look(o.disk.Log)
	if log := o.db.files.Log(); log != nil && newest < want.Commits {
		skip := func(format.LogRecord) error { return nil }
		if _, _, err := wal.RecoverSteps(log, o.disk.Log, o.db.notes.Keys(), skip, look); err != nil {
			return atOpen(o.db.path, err)
		}
	}
	return rolledBack(o.db.path, want, newest, other)
}

// rolledBack is the error of a database whose newest commit has that number. other says that the commit with the
// number that is wanted is another one.
func rolledBack(path string, want StateToken, newest uint64, other bool) error {
	detail := ""
	switch {
	case other:
		detail = fmt.Sprintf("commit %d is another one than NotBefore names: the database has another history, "+
			"as a backup of it has, too, which needs a token of its own", want.Commits)
	case newest < want.Commits:
		detail = fmt.Sprintf("the newest commit is %d, and NotBefore names %d: an older copy has been put in its place, "+
			"or a file that Recover has made, which begins at 0", newest, want.Commits)
	default:
		return nil
	}
	return &Error{Code: CodeRolledBack, Op: "open", Path: path, Detail: detail}
}
