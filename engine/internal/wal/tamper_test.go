// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// encryptedLog is a small log under a key, of three sessions, with all that a log has: transactions of one
// and of several frames, savepoints that were rolled back, padded and pending commits, a wrap.
type encryptedLog struct {
	keys   *crypt.Keys
	from   format.LogPos
	data   []byte
	states []string // what was committed after n commits
	ends   []int64  // where they end
}

func makeEncryptedLog(t testing.TB, keys *crypt.Keys, chain crypt.Chain, name string) encryptedLog {
	t.Helper()
	e := encryptedLog{keys: keys, from: format.LogPos{Sum: format.EmptyLogSum, Chain: chain}, states: []string{""}}
	f := newFile()
	var l *Log
	content := ""
	add := func(r format.LogRecord) string {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
		return renderRecord(r)
	}
	done := func(commit func(bool) error, padded bool, what string) {
		if err := commit(padded); err != nil {
			t.Fatal(err)
		}
		content += what
		e.states, e.ends = append(e.states, content), append(e.ends, l.End().Off)
	}
	write := func(i int) format.LogRecord {
		return format.LogRecord{Op: format.LogWrite, Key: []byte(fmt.Sprint(name, i)), Value: randomBytes()[:7*i]}
	}
	for session := range 3 {
		var err error
		if l, _, err = Recover(f, e.from, keys, ignore); err != nil {
			t.Fatal(err)
		}
		l.Begin()
		what := add(write(10*session)) + add(format.LogRecord{Op: format.LogDelete, Key: []byte("gone")})
		m := l.Mark()
		add(write(5))
		l.RollbackTo(m)
		what += add(format.LogRecord{Op: format.LogDeleteRange, Key: []byte("a"), Value: []byte("b")})
		done(l.Commit, session == 1, what)
		l.Begin()
		add(write(9))
		l.Rollback()
		done(l.CommitLater, false, add(write(3))+add(write(4)))
		l.Begin()
		done(l.CommitLater, false, add(write(6)))
		if err := l.WritePending(); err != nil {
			t.Fatal(err)
		}
	}
	e.data = f.data
	return e
}

// read recovers data as the log, and returns what it holds.
func (e *encryptedLog) read(data []byte, keep int) (Recovered, string, error) {
	var got strings.Builder
	_, r, err := recoverLog(&memFile{data: data, sector: 512}, e.from, how{keys: e.keys, keep: keep}, func(r format.LogRecord) error {
		if err := load(&r); err != nil {
			return err
		}
		got.WriteString(renderRecord(r))
		return nil
	})
	return r, got.String(), err
}

// check reads data, which was made from the log by what does not have the key. It reports whether that was
// found out; else it has to be the state after one of the commits.
func (e *encryptedLog) check(t testing.TB, data []byte, what string) (found bool) {
	t.Helper()
	r, got, err := e.read(data, keepBytes)
	if _, again, err2 := e.read(data, 0); got != again || (err == nil) != (err2 == nil) {
		t.Fatalf("%s: %q, %v; read piece by piece %q, %v", what, got, err, again, err2)
	}
	if err != nil {
		if !errors.Is(err, errs.ErrTampered) || !errors.Is(err, errs.ErrCorrupt) {
			t.Fatalf("%s: %v", what, err)
		}
		if !slices.ContainsFunc(e.states, func(s string) bool { return s == got }) {
			t.Fatalf("%s: what comes before the error is none of the states", what)
		}
		return true
	}
	if r.Commits >= len(e.states) || got != e.states[r.Commits] {
		t.Fatalf("%s: %d commits with other content: %q", what, r.Commits, got)
	}
	return false
}

func TestEncryptedLogIsRead(t *testing.T) {
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	if r, got, err := e.read(e.data, keepBytes); err != nil || got != e.states[len(e.ends)] || r.Commits != len(e.ends) ||
		r.End.Commits != uint64(len(e.ends)) {
		t.Fatalf("%+v, %v: %q", r, err, got)
	}
	other := e
	other.keys = newKeys(t)
	if !other.check(t, e.data, "another key") {
		t.Error("another key opens the log")
	}
	other = e
	other.from.Chain = crypt.NewChain()
	if !other.check(t, e.data, "another beginning") {
		t.Error("a log of another beginning is accepted")
	}
}

// Whatever bit of a log is changed, with the checksums made right again, what is read is the state after
// a commit, or the change is found.
func TestEveryByteChanged(t *testing.T) {
	alone(t)
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	found, same, shorter := 0, 0, 0
	bits := []int{0, 1, 2, 3, 4, 5, 6, 7}
	if testing.Short() {
		bits = []int{0, 6}
	}
	for i := range e.data {
		for _, bit := range bits {
			data := slices.Clone(e.data)
			data[i] ^= 1 << bit
			data = withChecksums(data, e.from)
			what := fmt.Sprintf("bit %d of byte %d", bit, i)
			if e.check(t, data, what) {
				found++
				continue
			}
			if r, _, _ := e.read(data, keepBytes); r.Commits == len(e.ends) {
				same++ // it is in a pad
			} else {
				shorter++
			}
		}
	}
	t.Logf("%d bytes: %d changes were found, %d are of no account, %d make the log end", len(e.data), found, same, shorter)
	if all := len(bits) * len(e.data); found < all/2 {
		t.Errorf("only %d of %d changes were found", found, all)
	}
}

func TestCutAnywhere(t *testing.T) {
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	for i := range e.data {
		for _, data := range [][]byte{e.data[:i], append(slices.Clone(e.data[:i]), make([]byte, 600)...)} {
			want := 0
			for want < len(e.ends) && bytes.HasPrefix(data, e.data[:e.ends[want]]) { // what was cut off may be zeros
				want++
			}
			if r, got, err := e.read(data, keepBytes); err != nil || got != e.states[want] || r.Commits < want {
				t.Fatalf("cut at %d: %+v, %v", i, r, err)
			}
		}
	}
}

// transactions cuts a log into its transactions.
func (e *encryptedLog) transactions() (list [][]byte) {
	begin := int64(0)
	for _, end := range e.ends {
		list = append(list, e.data[begin:end])
		begin = end
	}
	return list
}

func TestTransactionsMoved(t *testing.T) {
	keys, chain := newKeys(t), crypt.NewChain()
	e := makeEncryptedLog(t, keys, chain, "key")
	own := e.transactions()
	// Another log of the same key that began in the same place, as of a copy, and one of another file.
	fork := makeEncryptedLog(t, keys, chain, "fork")
	foreign := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "else")
	put := func(what string, list ...[]byte) bool {
		t.Helper()
		return e.check(t, withChecksums(slices.Concat(list...), e.from), what)
	}
	with := func(i int, tx []byte) [][]byte {
		list := slices.Clone(own)
		list[i] = tx
		return list
	}
	for i := range own {
		last := i == len(own)-1
		if found := put(fmt.Sprintf("transaction %d taken out", i), slices.Delete(slices.Clone(own), i, i+1)...); !found && !last {
			t.Errorf("transaction %d was taken out and nothing was found", i)
		}
		if !put(fmt.Sprintf("transaction %d twice", i), slices.Insert(slices.Clone(own), i, own[i])...) {
			t.Errorf("transaction %d is there twice and nothing was found", i)
		}
		for j := range i {
			if !put(fmt.Sprintf("transactions %d and %d swapped", i, j), func() [][]byte {
				list := with(i, own[j])
				list[j] = own[i]
				return list
			}()...) {
				t.Errorf("transactions %d and %d were swapped and nothing was found", i, j)
			}
		}
		for what, from := range map[string][][]byte{"the same file's copy": fork.transactions(), "another file": foreign.transactions()} {
			for j, tx := range from {
				if i == 0 && j == 0 && what == "the same file's copy" {
					continue // the copy's own history: see below
				}
				if !put(fmt.Sprintf("transaction %d of %s in place of %d", j, what, i), with(i, tx)...) {
					t.Errorf("transaction %d of %s is accepted in place of %d", j, what, i)
				}
			}
		}
	}
	// The log of a copy is accepted as what it is, and that cannot be known without a token of the state.
	fork.states = append(fork.states, e.states...)
	if fork.check(t, fork.data, "the log of a copy") {
		t.Error("the log of a copy of the file does not open")
	}
}

// What is in no frame is found, wherever it stands, and the decoy is of no account.
func TestClearRecordsInAnEncryptedLog(t *testing.T) {
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	own := e.transactions()
	commit := append(format.AppendLogCommit(nil), make([]byte, format.LogChecksumLen)...)
	clearRecord := func(r format.LogRecord) []byte {
		b := append(format.AppendLogHeader(nil, &r, false), r.Key...)
		return append(b, r.Value...)
	}
	aDecoy := clearRecord(decoy)
	for name, c := range map[string]struct {
		b     []byte
		found bool
	}{
		"write":                 {clearRecord(format.LogRecord{Op: format.LogWrite, Key: []byte("k"), Value: []byte("v")}), true},
		"delete":                {clearRecord(format.LogRecord{Op: format.LogDelete, Key: []byte("k")}), true},
		"delete of two bytes":   {clearRecord(format.LogRecord{Op: format.LogDelete, Key: []byte("\x00\x00")}), true},
		"delete of nothing":     {clearRecord(format.LogRecord{Op: format.LogDelete}), true},
		"delete range":          {clearRecord(format.LogRecord{Op: format.LogDeleteRange, Key: []byte("\x00"), Value: []byte("x")}), true},
		"write of the decoy":    {clearRecord(format.LogRecord{Op: format.LogWrite, Key: []byte("\x00")}), true},
		"decoy":                 {aDecoy, false},
		"pad":                   {format.AppendLogPad(nil, 30), false},
		"empty transaction":     {commit, true},
		"decoy and commit":      {append(slices.Clone(aDecoy), commit...), true},
		"clear transaction":     {append(clearRecord(format.LogRecord{Op: format.LogWrite, Key: []byte("k")}), commit...), true},
		"key frame from before": {own[0][:format.LogKeyFrameLen], true},
	} {
		for i := 1; i < len(own); i++ {
			data := withChecksums(slices.Concat(slices.Concat(own[:i]...), c.b, slices.Concat(own[i:]...)), e.from)
			if found := e.check(t, data, name); found != c.found {
				t.Errorf("%s before transaction %d: found is %v", name, i, found)
			}
			// At the end of a transaction, before its commit.
			end := len(own[i]) - format.LogCommitLen
			data = withChecksums(slices.Concat(slices.Concat(own[:i]...), own[i][:end], c.b, own[i][end:], slices.Concat(own[i+1:]...)), e.from)
			if found := e.check(t, data, name); found != c.found {
				t.Errorf("%s at the end of transaction %d: found is %v", name, i, found)
			}
		}
	}
}

// Frames of one transaction are as bound to each other as transactions are.
func TestFramesMoved(t *testing.T) {
	keys := newKeys(t)
	e := encryptedLog{keys: keys, from: format.LogPos{Sum: format.EmptyLogSum, Chain: crypt.NewChain()}, states: []string{""}}
	f := newFile()
	l, _, err := Recover(f, e.from, keys, ignore)
	if err != nil {
		t.Fatal(err)
	}
	var cuts []int64
	all := ""
	for i := range 5 {
		r := format.LogRecord{Op: format.LogWrite, Key: []byte{byte(i)}, Value: randomBytes()[:i]}
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
		all += renderRecord(r)
		cuts = append(cuts, l.Uncommitted()-int64(format.LogRecordLen(&r)))
		l.Mark()
	}
	end := l.Uncommitted()
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	e.states, e.ends = append(e.states, all), append(e.ends, l.End().Off)
	var frames [][]byte
	cuts = append(cuts, end)
	cuts[0] = 0 // the key frame and the decoy belong to the first one
	for i := range 5 {
		frames = append(frames, f.data[cuts[i]:cuts[i+1]])
	}
	rest := f.data[end:] // the last frame, which is empty, and the commit
	if e.check(t, slices.Concat(slices.Concat(frames...), rest), "as it was") {
		t.Fatal("the log is not cut into its frames")
	}
	for i := range frames {
		for j := range frames {
			list := slices.Clone(frames)
			list[i], list[j] = list[j], list[i]
			if i != j && !e.check(t, withChecksums(slices.Concat(slices.Concat(list...), rest), e.from), "swapped") {
				t.Errorf("frames %d and %d were swapped and nothing was found", i, j)
			}
		}
		if !e.check(t, withChecksums(slices.Concat(slices.Concat(slices.Delete(slices.Clone(frames), i, i+1)...), rest), e.from), "taken out") {
			t.Errorf("frame %d was taken out and nothing was found", i)
		}
		cut := slices.Concat(slices.Concat(frames[:i+1]...), rest[len(rest)-format.LogCommitLen:])
		if !e.check(t, withChecksums(cut, e.from), "cut") {
			t.Errorf("the transaction ends after frame %d and nothing was found", i)
		}
	}
}
