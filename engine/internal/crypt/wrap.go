// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// NewSlot wraps the data key of a file for a source. The source must not be that of no key.
func NewSlot(ctx context.Context, src keys.Source, suite Suite, dataKey []byte, file FileID) (Slot, error) {
	m, err := fetch(ctx, src, "a key slot takes a key, and none is given: nil and keys.None have none")
	if err != nil {
		return Slot{}, err
	}
	defer m.Wipe()
	if m.Wrap != nil {
		return newExternalSlot(ctx, m, dataKey)
	}
	salt := NewSalt()
	kek, t := m.Key, RawSlot
	if m.Passphrase != nil {
		t = PassphraseSlot
		if kek, err = stretch(ctx, m.Passphrase, salt[:], m.Params); err != nil {
			return Slot{}, err
		}
		defer clear(kek)
	}
	id, err := keyIDOf(kek)
	if err != nil {
		return Slot{}, err
	}
	raw := append([]byte{byte(t), 0, 0, 0}, id[:]...)
	raw = append(raw, salt[:]...)
	if t == PassphraseSlot {
		for _, v := range []uint32{m.Params.Time, m.Params.MemoryKiB, m.Params.Lanes} {
			raw = binary.BigEndian.AppendUint32(raw, v)
		}
	}
	binary.BigEndian.PutUint16(raw[2:], uint16(len(raw)-slotHead+wrapped))
	box, err := wrapBox(suite, kek, salt[:])
	if err != nil {
		return Slot{}, err
	}
	raw, err = box.Seal(slices.Grow(raw, wrapped), dataKey, slices.Concat(file[:], raw))
	return Slot{raw: raw}, err
}

func newExternalSlot(ctx context.Context, m *keys.Material, dataKey []byte) (Slot, error) {
	in := slices.Clone(dataKey)
	defer clear(in)
	out, err := m.Wrap(ctx, in)
	if err != nil {
		return Slot{}, keyError(err, "external key %q cannot wrap the data key", m.Name)
	}
	if size := slotHead + 4 + len(m.Name) + len(out); size > MaxSlots || m.Name == "" {
		return Slot{}, keyError(nil, "external key %q: its name and its %d bytes take %d in a slot; want at most %d, and a name",
			m.Name, len(out), size, MaxSlots)
	}
	raw := []byte{byte(ExternalSlot), 0, 0, 0}
	for _, field := range [][]byte{[]byte(m.Name), out} {
		raw = binary.BigEndian.AppendUint16(raw, uint16(len(field)))
		raw = append(raw, field...)
	}
	binary.BigEndian.PutUint16(raw[2:], uint16(len(raw)-slotHead))
	return Slot{raw: raw}, nil
}

// Opener opens key slots with what a source gives, which is fetched once: a pipe gives a key only once.
type Opener struct {
	src keys.Source
	m   *keys.Material
}

// NewOpener asks a source for its key. The caller calls Wipe after use.
func NewOpener(ctx context.Context, src keys.Source) (*Opener, error) {
	m, err := fetch(ctx, src, "the database is encrypted; give its key")
	if err != nil {
		return nil, err
	}
	return &Opener{src: src, m: m}, nil
}

// Wipe overwrites the key.
func (o *Opener) Wipe() { o.m.Wipe() }

// External reports whether the key is that of a service, which may return anything for a slot.
func (o *Opener) External() bool { return o.m.Wrap != nil }

// Open returns the data key of a file, which the caller overwrites after use, and the index of the slot that gives it:
// the first one whose data key fits. If none does, the error matches ErrKey; if the slot with the key's id does not
// open, ErrTampered. One that fails does not keep another one from being tried: a service may have forgotten the older
// of two keys of one name.
func (o *Opener) Open(ctx context.Context, suite Suite, slots []Slot, file FileID, fits func(dataKey []byte) bool) (dataKey []byte, index int, err error) {
	var failed error // the first one
	for i, s := range slots {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		var found bool
		switch {
		case o.m.Wrap != nil:
			dataKey, found, err = s.openExternal(ctx, o.m)
		case o.m.Passphrase != nil:
			dataKey, found, err = s.openPassphrase(ctx, o.m, suite, file)
		default:
			dataKey, found, err = s.openRaw(o.m.Key, RawSlot, suite, file)
		}
		if found && err == nil {
			if fits(dataKey) {
				return dataKey, i, nil
			}
			clear(dataKey)
			err = keyError(nil, "%s gives another data key than that of the database", o.src)
		}
		if failed == nil {
			failed = err
		}
	}
	if failed != nil {
		return nil, 0, failed
	}
	return nil, 0, keyError(nil, "%s opens none of the %d key slots", o.src, len(slots))
}

// OpenSlot is Opener.Open for one list of slots, of which the first one counts that the source opens.
func OpenSlot(ctx context.Context, src keys.Source, suite Suite, slots []Slot, file FileID) (dataKey []byte, index int, err error) {
	o, err := NewOpener(ctx, src)
	if err != nil {
		return nil, 0, err
	}
	defer o.Wipe()
	return o.Open(ctx, suite, slots, file, func([]byte) bool { return true })
}

// fetch asks the source, and wants it to have a key, or says what is missing.
func fetch(ctx context.Context, src keys.Source, missing string) (*keys.Material, error) {
	if src == nil {
		return nil, keyError(nil, "%s", missing)
	}
	m, err := src.Material(ctx)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, keyError(nil, "%s gives nothing", src)
	}
	kinds := 0
	for _, set := range []bool{m.Key != nil, m.Passphrase != nil, m.Wrap != nil || m.Unwrap != nil} {
		if set {
			kinds++
		}
	}
	if kinds == 0 {
		return nil, keyError(nil, "%s", missing)
	}
	if kinds != 1 || m.Key != nil && len(m.Key) != KeySize || (m.Wrap == nil) != (m.Unwrap == nil) {
		m.Wipe()
		return nil, keyError(nil, "%s gives no key of %d bytes, no passphrase, and no external key, or several of them", src, KeySize)
	}
	return m, nil
}

func (s Slot) openRaw(kek []byte, want SlotType, suite Suite, file FileID) (dataKey []byte, found bool, err error) {
	if s.Type() != want {
		return nil, false, nil
	}
	id, err := keyIDOf(kek)
	if err != nil || s.ID() != id {
		return nil, false, err
	}
	box, err := wrapBox(suite, kek, s.salt())
	if err != nil {
		return nil, false, err
	}
	dataKey, err = box.Open(nil, s.box(), slices.Concat(file[:], s.bound()))
	return dataKey, err == nil, err
}

func (s Slot) openPassphrase(ctx context.Context, m *keys.Material, suite Suite, file FileID) (dataKey []byte, found bool, err error) {
	if s.Type() != PassphraseSlot {
		return nil, false, nil
	}
	kek, err := stretch(ctx, m.Passphrase, s.salt(), s.Params())
	if err != nil {
		return nil, false, err
	}
	defer clear(kek)
	return s.openRaw(kek, PassphraseSlot, suite, file)
}

func (s Slot) openExternal(ctx context.Context, m *keys.Material) (dataKey []byte, found bool, err error) {
	if s.Type() != ExternalSlot || s.Name() != m.Name {
		return nil, false, nil
	}
	out, err := m.Unwrap(ctx, slices.Clone(s.remote()))
	if err != nil {
		return nil, false, keyError(err, "external key %q cannot unwrap the data key", m.Name)
	}
	defer clear(out)
	if len(out) != KeySize {
		return nil, false, keyError(nil, "external key %q unwrapped %d bytes; want %d", m.Name, len(out), KeySize)
	}
	return slices.Clone(out), true, nil
}

func keyIDOf(kek []byte) (SlotID, error) {
	b, err := derive(kek, nil, infoID, len(SlotID{}))
	if err != nil {
		return SlotID{}, err
	}
	return SlotID(b), nil
}

func wrapBox(suite Suite, kek, salt []byte) (*Box, error) {
	key, err := derive(kek, salt, infoWrap, KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return newBox(suite, key)
}

func keyError(cause error, format string, args ...any) error {
	return &errs.Error{Code: errs.CodeKey, Detail: fmt.Sprintf(format, args...), Err: cause}
}
