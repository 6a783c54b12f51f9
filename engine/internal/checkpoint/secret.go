// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// Secret is what an encrypted file has that stays from checkpoint to checkpoint: its keys, and what else its crypto
// area says. A nil Secret is that of a file in clear. Any goroutine may use it.
//
// A meta page of an encrypted file is one piece, from the first word of the checkpoint to the last byte of the crypto
// area, with zeros between the two; the note comes after it. So it is stored as a checkpoint is.
type Secret struct {
	keys  *crypt.Keys
	codec uint32

	mu    sync.Mutex
	slots []crypt.Slot
}

// NewSecret makes the keys of a new file, with one slot, which the source opens. codec is the id of its codec.
func NewSecret(ctx context.Context, src keys.Source, suite crypt.Suite, codec uint32) (*Secret, error) {
	dataKey, file := crypt.NewDataKey(), crypt.NewFileID()
	defer clear(dataKey)
	slot, err := crypt.NewSlot(ctx, src, suite, dataKey, file)
	if err != nil {
		return nil, err
	}
	k, err := crypt.NewKeys(suite, dataKey, file)
	if err != nil {
		return nil, err
	}
	return &Secret{keys: k, codec: codec, slots: []crypt.Slot{slot}}, nil
}

// WithCodec returns the Secret of a copy of the file that has another codec, and the same keys and slots.
func (s *Secret) WithCodec(codec uint32) *Secret {
	if s == nil {
		return nil
	}
	return &Secret{keys: s.keys, codec: codec, slots: s.Slots()}
}

// Keys returns the keys of the file, nil for a nil Secret.
func (s *Secret) Keys() *crypt.Keys {
	if s == nil {
		return nil
	}
	return s.keys
}

// Wipe overwrites the keys, when nothing is read or written any more.
func (s *Secret) Wipe() {
	if s != nil {
		s.keys.Wipe()
	}
}

// Codec returns the id of the file's codec.
func (s *Secret) Codec() uint32 { return s.codec }

// Slots returns the key slots. The caller must not change the list.
func (s *Secret) Slots() []crypt.Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots
}

// SetSlots makes a list the key slots, from the next checkpoint on.
func (s *Secret) SetSlots(slots []crypt.Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots = slots
}

// Opens returns nil if the source opens a slot. What a service returns for a slot may be anything: it is compared with
// the data key, since no meta page is verified with it.
func (s *Secret) Opens(ctx context.Context, src keys.Source) error {
	o, err := crypt.NewOpener(ctx, src)
	if err != nil {
		return err
	}
	defer o.Wipe()
	dataKey, _, err := o.Open(ctx, s.keys.Suite(), s.Slots(), s.keys.FileID(), s.keys.Is)
	clear(dataKey)
	return err
}

// Encode returns what is at the front of a meta page with a checkpoint. Of a file in clear that is the checkpoint.
func (s *Secret) Encode(c *format.Checkpoint) ([]byte, error) {
	if s == nil {
		return c.Encode()
	}
	own := *c
	own.Compression = format.CompressionEncrypted
	blob, err := own.Encode()
	if err != nil {
		return nil, err
	}
	if len(blob) > crypt.AreaOffset {
		return nil, &errs.Error{Code: errs.CodeFull, Detail: "the checkpoint needs more room than that of an encrypted file has"}
	}
	area := crypt.Area{
		Suite: s.keys.Suite(), Codec: s.codec, FileID: s.keys.FileID(),
		LogSalt: c.Log.Salt, Chain: c.Log.Chain, Commits: c.Log.Commits,
		Salts: saltsOf(c), Slots: s.Slots(),
	}
	page := make([]byte, crypt.AreaOffset, format.NoteOffset)
	copy(page, blob)
	return s.keys.AppendArea(page, blob, &area)
}

// Decode reads a meta page that Encode has made, and believes nothing that does not agree with its HMAC.
func (s *Secret) Decode(meta []byte) (*format.Checkpoint, error) {
	if s == nil {
		return format.DecodeCheckpoint(meta)
	}
	p := readPage(meta)
	if p.Checkpoint == nil {
		return nil, p.err
	}
	if err := p.verify(s.keys); err != nil {
		return nil, err
	}
	return p.Checkpoint, nil
}

// saltsOf returns the salts of a checkpoint's segments, in their order.
func saltsOf(c *format.Checkpoint) (salts []crypt.Salt) {
	for i := range c.Levels {
		salts = append(salts, c.Levels[i].LHS.Salt)
	}
	return salts
}

// sealed is the crypto area of a meta page.
type sealed struct {
	crypt.Area
	checkpoint, raw []byte
	err             error // why it cannot be used, although it was not torn
}

// readSealed reads the crypto area that goes with the checkpoint on a meta page. An error says that the page is torn.
func readSealed(meta []byte) (*sealed, error) {
	s := &sealed{checkpoint: meta[:format.CheckpointSize(meta)]}
	if len(s.checkpoint) > crypt.AreaOffset || len(meta) < format.NoteOffset {
		return nil, errs.Corruptf("a checkpoint of %d bytes in an encrypted file; it has room for %d", len(s.checkpoint), crypt.AreaOffset)
	}
	room := meta[crypt.AreaOffset:format.NoteOffset]
	var size int
	if s.Area, size, s.err = crypt.DecodeArea(s.checkpoint, room); s.err != nil {
		return s, torn(s.err)
	}
	s.raw = room[:size]
	return s, nil
}

// torn returns an error if it says that a page was damaged, and not that it was changed, or cannot be read.
func torn(err error) error {
	if ce, ok := err.(*errs.CorruptionError); ok && ce.Code == 0 {
		return err
	}
	return nil
}

// verify checks a page of an encrypted file, and completes its checkpoint from the crypto area.
func (p *Page) verify(k *crypt.Keys) error {
	if p.sealed == nil {
		return errs.Tamperedf("a meta page of the encrypted file holds a checkpoint of one that is not")
	}
	if p.sealed.err != nil {
		return p.sealed.err
	}
	if err := k.VerifyArea(p.sealed.checkpoint, p.sealed.raw); err != nil {
		return err
	}
	c, area := p.Checkpoint, &p.sealed.Area
	if len(c.Levels) != len(area.Salts) || len(c.Redirects) > 0 || area.FileID != k.FileID() || area.Suite != k.Suite() {
		return errs.Tamperedf("the crypto area of a meta page does not fit its checkpoint")
	}
	for i := range c.Levels {
		if len(c.Levels[i].RHS) > 0 {
			return errs.Tamperedf("the encrypted file has a half-done merge, which nobody writes")
		}
		c.Levels[i].LHS.Salt = area.Salts[i]
	}
	c.Log.Salt, c.Log.Chain, c.Log.Commits = area.LogSalt, area.Chain, area.Commits
	return nil
}
