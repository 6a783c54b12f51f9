// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// Encrypted reports whether a meta page is one of an encrypted file.
func (l *Loaded) Encrypted() bool { return l.Pages[0].sealed != nil || l.Pages[1].sealed != nil }

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
	return l.unlock(ctx, src, false)
}

// UnlockAround is Unlock for a file that is damaged: a page that was changed counts as damaged, too.
func (l *Loaded) UnlockAround(ctx context.Context, src keys.Source) (*Secret, error) {
	return l.unlock(ctx, src, true)
}

func (l *Loaded) unlock(ctx context.Context, src keys.Source, around bool) (*Secret, error) {
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
	k, err := l.open(ctx, src)
	if err != nil {
		return nil, err
	}
	for i := range l.Pages {
		p := &l.Pages[i]
		var err error
		switch {
		case p.Checkpoint != nil:
			err = p.verify(k)
		case p.nonsense:
			err = errs.Tamperedf("the checkpoint has the right checksum, but makes no sense")
		}
		if err != nil && around {
			p.Checkpoint, err = nil, nil
		}
		if err != nil {
			k.Wipe()
			return nil, inPage(i+1, err)
		}
	}
	return l.secret(k), nil
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

// open opens a slot: one of the accepted page's, or, if the key is in none of these, of the other one's. Both pages
// have the same, unless the last checkpoint did not get as far as the second one, or a page was changed.
func (l *Loaded) open(ctx context.Context, src keys.Source) (*crypt.Keys, error) {
	x, other := l.accepted()
	var first error
	for _, p := range []*Page{x, other} {
		s := p.sealed
		if s == nil || p == other && x.sealed != nil && bytes.Equal(s.raw, x.sealed.raw) {
			continue
		}
		k, err := s.open(ctx, src)
		if err == nil {
			return k, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// open makes the keys of a file from what its area says.
func (s *sealed) open(ctx context.Context, src keys.Source) (*crypt.Keys, error) {
	if s.err != nil {
		return nil, s.err
	}
	dataKey, _, err := crypt.OpenSlot(ctx, src, s.Suite, s.Slots, s.FileID)
	if err != nil {
		return nil, err
	}
	defer clear(dataKey)
	return crypt.NewKeys(s.Suite, dataKey, s.FileID)
}

// Area returns what the accepted meta page of an encrypted file says of it, which nobody has verified without the key;
// nothing for another file.
func (l *Loaded) Area() crypt.Area {
	if l.Meta == 0 || l.Pages[l.Meta-1].sealed == nil {
		return crypt.Area{}
	}
	return l.Pages[l.Meta-1].sealed.Area
}
