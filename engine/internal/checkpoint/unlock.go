// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// Encrypted reports whether a meta page is one of an encrypted file.
func (l *Loaded) Encrypted() bool { return l.Pages[0].sealed != nil || l.Pages[1].sealed != nil }

// KeysLost reports whether no meta page is whole, and one of them seems to be that of an encrypted file: then nothing
// is known of its keys.
func (l *Loaded) KeysLost() bool {
	if l.Checkpoint != nil || l.Encrypted() {
		return false
	}
	for i := range l.Pages {
		p := l.Pages[i].raw
		if format.ResemblesEncrypted(p) || len(p) >= crypt.AreaOffset && crypt.ResemblesArea(p[crypt.AreaOffset:]) {
			return true
		}
	}
	return false
}

// Cipher returns the suite and the id of the codec of an encrypted file, as its newest checkpoint says, which nobody
// has verified without the key; 0 and 0 for another.
func (l *Loaded) Cipher() (crypt.Suite, uint32) {
	if l.Meta == 0 || l.Pages[l.Meta-1].sealed == nil {
		return 0, 0
	}
	s := l.Pages[l.Meta-1].sealed
	return s.Suite, s.Codec
}

// Unlock opens the file with the key that a source has, nil or keys.None for no key. It returns nil for a file in
// clear, and for one without a checkpoint. Errors are ErrKey if the key is not the file's, ErrMismatch if there is a
// key and the file is in clear, and ErrTampered if a meta page was changed: also if the other one is as it was. A page
// that is torn counts as damaged, whatever it was.
func (l *Loaded) Unlock(ctx context.Context, src keys.Source) (*Secret, error) {
	found, err := l.find(ctx, src, false)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	k := found[0]
	for i := range l.Pages {
		if err := l.Pages[i].changed(k); err != nil {
			k.Wipe()
			return nil, inPage(i+1, err)
		}
	}
	return l.secret(k), nil
}

// UnlockAround is Unlock for a file that is damaged: a page that was changed counts as damaged, too. If each page is
// whole and has another data key, as when one was brought from another file, count says how much of the file is under
// the keys of one of them, and the one that has more is taken. If they have one data key, as those of a copy have, the
// newer one may lead to nothing that is in the file: then strange is its number, else 0, and it counts as damaged.
func (l *Loaded) UnlockAround(
	ctx context.Context, src keys.Source, count func(*Secret, *format.Checkpoint) (int, error),
) (s *Secret, strange int, err error) {
	found, err := l.find(ctx, src, true)
	if err != nil || len(found) == 0 {
		return nil, 0, err
	}
	k := found[0]
	if len(found) > 1 {
		k, err = l.prefer(found, count)
	}
	wipe(slices.DeleteFunc(found, func(other *crypt.Keys) bool { return other == k }))
	if err != nil {
		return nil, 0, err
	}
	for i := range l.Pages {
		if p := &l.Pages[i]; p.changed(k) != nil {
			p.Checkpoint = nil
		}
	}
	s = l.secret(k)
	x, other := l.accepted()
	if x.Checkpoint == nil || other.Checkpoint == nil || x.Ref == other.Ref || len(x.Checkpoint.Levels) == 0 {
		return s, 0, nil
	}
	n, err := count(s, x.Checkpoint)
	if err != nil || n > 0 {
		return s, 0, err
	}
	if n, err = count(s, other.Checkpoint); err != nil || n == 0 {
		return s, 0, err
	}
	x.Checkpoint, strange = nil, l.Meta
	return l.secret(k), strange, nil
}

// prefer returns the keys under which there is most of the file.
func (l *Loaded) prefer(
	found []*crypt.Keys, count func(*Secret, *format.Checkpoint) (int, error),
) (best *crypt.Keys, err error) {
	most, tie := -1, false
	for _, k := range found {
		n := 0
		for i := range l.Pages {
			if p := &l.Pages[i]; p.agrees(k) {
				more, err := count(&Secret{keys: k, codec: p.sealed.Codec}, p.Checkpoint)
				if err != nil {
					return nil, err
				}
				n += more
			}
		}
		switch {
		case n > most:
			best, most, tie = k, n, false
		case n == most:
			tie = true
		}
	}
	if tie {
		return nil, errs.Tamperedf("each meta page is whole, but they are of two databases with different data keys, " +
			"and what comes after them does not show of which of the two this file is")
	}
	return best, nil
}

// secret returns what the pages say that were verified: of two the accepted one. Both say the same of what stays; the
// slots of a page that was changed may open with no key.
func (l *Loaded) secret(k *crypt.Keys) *Secret {
	s := &Secret{keys: k}
	x, other := l.accepted()
	for _, p := range []*Page{other, x} {
		if p.Checkpoint != nil {
			s.codec, s.slots = p.sealed.Codec, p.sealed.Slots
		}
	}
	return s
}

// inPage says in which page an error was found.
func inPage(i int, err error) error {
	var ce *errs.CorruptionError
	if errors.As(err, &ce) {
		ce.Detail = fmt.Sprintf("meta page %d: %s", i, ce.Detail)
	}
	return err
}

// find returns the keys of the file: those with which a meta page agrees, or, if no page agrees with what the slots
// give, the first of these. The accepted page's slots are tried first, and the other one's if no page agrees with what
// those give. Both pages have the same slots, unless the last checkpoint did not get as far as the second one, or a
// page was changed. With all, the other page's slots are also tried if that page agrees with no keys that were found.
func (l *Loaded) find(ctx context.Context, src keys.Source, all bool) (found []*crypt.Keys, err error) {
	switch {
	case !l.Encrypted() && l.Checkpoint == nil:
		return nil, nil
	case !l.Encrypted() && src != nil && src != keys.None:
		return nil, &errs.Error{Code: errs.CodeMismatch, Detail: "a key is given, but the file is not encrypted"}
	case !l.Encrypted():
		return nil, nil
	case src == keys.None:
		src = nil
	}
	o, err := crypt.NewOpener(ctx, src)
	if err != nil {
		return nil, err
	}
	defer o.Wipe()
	var unsure []*crypt.Keys
	var first error
	x, other := l.accepted()
	for _, p := range []*Page{x, other} {
		s := p.sealed
		if s == nil || p == other && x.sealed != nil && bytes.Equal(s.raw, x.sealed.raw) ||
			len(found) > 0 && (!all || p.changed(found[0]) == nil) {
			continue
		}
		k, sure, err := l.open(ctx, o, s)
		if sure && (len(found) == 0 || p.agrees(k)) {
			found = append(found, k)
		} else if k != nil {
			unsure = append(unsure, k)
		}
		if first == nil {
			first = err
		}
	}
	switch {
	case ctx.Err() != nil:
		wipe(append(found, unsure...))
		return nil, ctx.Err()
	case len(found) > 0:
		wipe(unsure)
		return found, nil
	case len(unsure) == 0:
		return nil, first
	case o.External():
		wipe(unsure)
		return nil, &errs.Error{Code: errs.CodeKey, Detail: fmt.Sprintf(
			"no meta page agrees with the data key that %s gives: it is another key, or the pages were changed", src)}
	}
	wipe(unsure[1:])
	return unsure[:1], nil
}

func wipe(list []*crypt.Keys) {
	for _, k := range list {
		k.Wipe()
	}
}

// open opens a slot of a page, and makes the keys of the file from it. sure says that a page agrees with them. Else
// they are those of the first slot that opens, nil if none does.
func (l *Loaded) open(ctx context.Context, o *crypt.Opener, s *sealed) (k *crypt.Keys, sure bool, err error) {
	if s.err != nil {
		return nil, false, s.err
	}
	dataKey, _, err := o.Open(ctx, s.Suite, s.Slots, s.FileID, func(dataKey []byte) bool {
		made, err := crypt.NewKeys(s.Suite, dataKey, s.FileID)
		if err != nil {
			return false // which it is not: suite and length have been looked at
		}
		sure = l.Pages[0].agrees(made) || l.Pages[1].agrees(made)
		if k != nil && !sure {
			made.Wipe()
			return false
		}
		if k != nil {
			k.Wipe()
		}
		k = made
		return sure
	})
	clear(dataKey)
	return k, sure, err
}

// agrees reports whether a page is whole and of the file with these keys.
func (p *Page) agrees(k *crypt.Keys) bool { return p.Checkpoint != nil && p.verify(k) == nil }

// changed returns an error if a page was changed that is not torn, or is not of the file with these keys.
func (p *Page) changed(k *crypt.Keys) error {
	switch {
	case p.Checkpoint != nil:
		return p.verify(k)
	case p.nonsense:
		return errs.Tamperedf("the checkpoint has the right checksum, but makes no sense")
	}
	return nil
}

// Area returns what the accepted meta page of an encrypted file says of it, which nobody has verified without the key;
// nothing for another file.
func (l *Loaded) Area() crypt.Area {
	if l.Meta == 0 || l.Pages[l.Meta-1].sealed == nil {
		return crypt.Area{}
	}
	return l.Pages[l.Meta-1].sealed.Area
}
