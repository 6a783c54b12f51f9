// SPDX-License-Identifier: Apache-2.0

package crypt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// cheap are parameters of argon2id that cost nothing.
var cheap = keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}

func bytesOf(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

func newKeys(t testing.TB, s crypt.Suite) *crypt.Keys {
	t.Helper()
	k, err := crypt.NewKeys(s, bytesOf(7, crypt.KeySize), crypt.FileID(bytesOf(9, 16)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func segmentBox(t testing.TB, k *crypt.Keys, salt byte) *crypt.Box {
	t.Helper()
	b, err := k.Segment(crypt.Salt(bytesOf(salt, 16)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A box opens under its key and with what it is bound to, and no other way; no byte of it can be
// another.
func TestBoxOpensOnlyAsItWasMade(t *testing.T) {
	for _, suite := range []crypt.Suite{crypt.AESGCM, crypt.ChaCha20Poly1305} {
		k := newKeys(t, suite)
		box := segmentBox(t, k, 1)
		for _, plain := range [][]byte{nil, []byte("x"), bytesOf(5, 5000)} {
			sealed, err := box.Seal([]byte("head"), plain, []byte("place"))
			if err != nil || string(sealed[:4]) != "head" || len(sealed) != 4+len(plain)+crypt.Overhead {
				t.Fatalf("%s: %d bytes, %v", suite, len(sealed), err)
			}
			sealed = sealed[4:]
			got, err := box.Open([]byte("ab"), sealed, []byte("place"))
			if err != nil || !bytes.Equal(got, append([]byte("ab"), plain...)) {
				t.Fatalf("%s: opened %d bytes, %v", suite, len(got), err)
			}
			log, err := k.Log(crypt.Salt(bytesOf(1, 16)))
			if err != nil {
				t.Fatal(err)
			}
			for name, open := range map[string]func() ([]byte, error){
				"another place":   func() ([]byte, error) { return box.Open(nil, sealed, []byte("plaze")) },
				"another salt":    func() ([]byte, error) { return segmentBox(t, k, 2).Open(nil, sealed, []byte("place")) },
				"another purpose": func() ([]byte, error) { return log.Open(nil, sealed, []byte("place")) },
				"cut":             func() ([]byte, error) { return box.Open(nil, sealed[:len(sealed)-1], []byte("place")) },
				"nothing":         func() ([]byte, error) { return box.Open(nil, nil, []byte("place")) },
			} {
				if got, err := open(); !errors.Is(err, errs.ErrTampered) || !errors.Is(err, errs.ErrCorrupt) || got != nil {
					t.Errorf("%s, %s: %d bytes, %v", suite, name, len(got), err)
				}
			}
			for i := 0; i < len(sealed); i += 1 + len(sealed)/200 {
				sealed[i] ^= 0x10
				if _, err := box.Open(nil, sealed, []byte("place")); !errors.Is(err, errs.ErrTampered) {
					t.Errorf("%s: byte %d changed: %v", suite, i, err)
				}
				sealed[i] ^= 0x10
			}
		}
		if box.Count() != 3 {
			t.Errorf("%s: %d boxes", suite, box.Count())
		}
	}
}

func TestBoxesDoNotAllocate(t *testing.T) {
	for _, suite := range []crypt.Suite{crypt.AESGCM, crypt.ChaCha20Poly1305} {
		box := segmentBox(t, newKeys(t, suite), 1)
		plain, sealed, opened := bytesOf(3, 4096), make([]byte, 0, 5000), make([]byte, 0, 5000)
		var chain crypt.Chain
		n := testing.AllocsPerRun(200, func() {
			var err error
			if sealed, err = box.SealPage(sealed[:0], plain, 17); err != nil {
				t.Fatal(err)
			}
			if opened, err = box.OpenPage(opened[:0], sealed, 17); err != nil {
				t.Fatal(err)
			}
			if sealed, chain, err = box.SealDataFrame(sealed[:0], plain, chain, 1); err != nil {
				t.Fatal(err)
			}
		})
		if n >= 1 { // the collector may empty the pool once
			t.Errorf("%s: %v allocations", suite, n)
		}
	}
}

func TestSlotsOpenWithTheirSourceOnly(t *testing.T) {
	ctx := context.Background()
	data, file := bytesOf(0x55, crypt.KeySize), crypt.NewFileID()
	xor := func(_ context.Context, in []byte) ([]byte, error) {
		out := bytes.Clone(in)
		for i := range out {
			out[i] ^= 0xaa
		}
		return out, nil
	}
	sources := []keys.Source{
		keys.Raw(bytesOf(1, 32)), keys.Passphrase([]byte("one"), cheap), keys.External("kms/one", xor, xor),
		keys.Raw(bytesOf(2, 32)), keys.Passphrase([]byte("two"), cheap), keys.External("kms/two", xor, xor),
	}
	var slots []crypt.Slot
	for _, src := range sources {
		s, err := crypt.NewSlot(ctx, src, crypt.AESGCM, data, file)
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, s)
	}
	for i, src := range sources {
		got, at, err := crypt.OpenSlot(ctx, src, crypt.AESGCM, slots, file)
		if err != nil || at != i || !bytes.Equal(got, data) {
			t.Errorf("%s: slot %d, %v", src, at, err)
		}
		rest := append(append([]crypt.Slot{}, slots[:i]...), slots[i+1:]...)
		if _, _, err := crypt.OpenSlot(ctx, src, crypt.AESGCM, rest, file); !errors.Is(err, errs.ErrKey) || !errors.Is(err, errs.ErrMismatch) {
			t.Errorf("%s without its slot: %v", src, err)
		}
	}
	for _, src := range []keys.Source{nil, keys.None} {
		if _, _, err := crypt.OpenSlot(ctx, src, crypt.AESGCM, slots, file); !errors.Is(err, errs.ErrKey) {
			t.Errorf("no key: %v", err)
		}
	}
	// Slots of another file are not taken.
	if _, _, err := crypt.OpenSlot(ctx, sources[0], crypt.AESGCM, slots, crypt.NewFileID()); !errors.Is(err, errs.ErrTampered) {
		t.Errorf("the slot of another file: %v", err)
	}
}

func TestAreaComesBack(t *testing.T) {
	k := newKeys(t, crypt.AESGCM)
	slot, err := crypt.NewSlot(context.Background(), keys.Raw(bytesOf(1, 32)), crypt.AESGCM, bytesOf(7, 32), k.FileID())
	if err != nil {
		t.Fatal(err)
	}
	a := crypt.Area{
		Suite: crypt.AESGCM, Codec: 1, FileID: k.FileID(), LogSalt: crypt.NewSalt(), Chain: crypt.NewChain(), Commits: 1 << 40,
		Salts: []crypt.Salt{crypt.NewSalt(), crypt.NewSalt()}, Slots: []crypt.Slot{slot, slot},
	}
	checkpoint := bytesOf(0x33, 100)
	page, err := k.AppendArea(nil, checkpoint, &a)
	if err != nil {
		t.Fatal(err)
	}
	got, size, err := crypt.DecodeArea(checkpoint, append(page, 1, 2, 3))
	if err != nil || size != len(page) || !reflect.DeepEqual(got, a) {
		t.Fatalf("%d bytes of %d, %+v, %v", size, len(page), got, err)
	}
	if err := k.VerifyArea(checkpoint, page); err != nil {
		t.Error(err)
	}
	// Each byte counts, also those of the checkpoint: what was torn has the wrong CRC, and what was changed, and its
	// CRC after it, the wrong HMAC.
	for _, part := range [][]byte{checkpoint, page} {
		for i := range part {
			part[i] ^= 1
			_, _, err := crypt.DecodeArea(checkpoint, page)
			if !errors.Is(err, errs.ErrCorrupt) || errors.Is(err, errs.ErrTampered) {
				t.Errorf("byte %d of %d is torn: %v", i, len(part), err)
			}
			end := len(page) - 4
			crc := bytes.Clone(page[end:])
			table := crc32.MakeTable(crc32.Castagnoli)
			binary.BigEndian.PutUint32(page[end:], crc32.Checksum(append(bytes.Clone(checkpoint), page[:end]...), table))
			if _, _, err = crypt.DecodeArea(checkpoint, page); err == nil {
				err = k.VerifyArea(checkpoint, page)
			}
			repaired := &part[0] == &page[0] && i >= end
			if refused := errors.Is(err, errs.ErrCorrupt) || errors.Is(err, errs.ErrMismatch); refused == repaired {
				t.Errorf("byte %d of %d is changed, and the CRC with it: %v", i, len(part), err)
			}
			copy(page[end:], crc)
			if !repaired {
				part[i] ^= 1
			}
		}
	}
}

func TestAreaHasRoom(t *testing.T) {
	a := crypt.Area{Suite: crypt.AESGCM, Salts: make([]crypt.Salt, crypt.MaxSalts)}
	slot, err := crypt.NewSlot(context.Background(), keys.Raw(bytesOf(1, 32)), crypt.AESGCM, bytesOf(7, 32), crypt.FileID{})
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size+slot.Size() <= crypt.MaxSlots; size += slot.Size() {
		a.Slots = append(a.Slots, slot)
	}
	k := newKeys(t, crypt.AESGCM)
	b, err := k.AppendArea(nil, nil, &a)
	if err != nil || len(b) > crypt.AreaRoom {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	a.Slots = append(a.Slots, slot)
	if _, err := k.AppendArea(nil, nil, &a); !errors.Is(err, errs.ErrFull) {
		t.Errorf("one slot more: %v", err)
	}
	a.Slots, a.Salts = nil, append(a.Salts, crypt.Salt{})
	if _, err := k.AppendArea(nil, nil, &a); !errors.Is(err, errs.ErrFull) {
		t.Errorf("one segment more: %v", err)
	}
}

func TestWipedKeysMakeNothing(t *testing.T) {
	k := newKeys(t, crypt.AESGCM)
	before := k.MAC([]byte("x"))
	k.Wipe()
	if _, err := k.Segment(crypt.Salt{}); !errors.Is(err, errs.ErrMisuse) {
		t.Error(err)
	}
	if _, err := k.Log(crypt.Salt{}); !errors.Is(err, errs.ErrMisuse) {
		t.Error(err)
	}
	if k.MAC([]byte("x")) == before {
		t.Error("the key for meta pages is still there")
	}
}

func TestFramesAreChained(t *testing.T) {
	k := newKeys(t, crypt.AESGCM)
	salt := crypt.NewSalt()
	box, err := k.Log(salt)
	if err != nil {
		t.Fatal(err)
	}
	start := crypt.NewChain()
	key, c1, err := box.SealKeyFrame(nil, start, salt)
	if err != nil {
		t.Fatal(err)
	}
	d1, c2, err := box.SealDataFrame(nil, []byte("first"), c1, 0)
	if err != nil {
		t.Fatal(err)
	}
	d2, c3, err := box.SealDataFrame(nil, []byte("second"), c2, crypt.LastFrame)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := box.OpenKeyFrame(key, start, salt); err != nil || c != c1 {
		t.Fatal(c, err)
	}
	got, c, err := box.OpenDataFrame(nil, d1, c1, 0)
	if err != nil || c != c2 || string(got) != "first" {
		t.Fatal(string(got), err)
	}
	if got, c, err = box.OpenDataFrame(got, d2, c, crypt.LastFrame); err != nil || c != c3 || string(got) != "firstsecond" {
		t.Fatal(string(got), err)
	}
	for name, err := range map[string]error{
		"left out":      second(box.OpenDataFrame(nil, d2, c1, crypt.LastFrame)),
		"other flags":   second(box.OpenDataFrame(nil, d1, c1, crypt.LastFrame)),
		"not a key":     second(box.OpenDataFrame(nil, key, start, 0)),
		"not a message": second(nil, crypt.Chain{}, first(box.OpenKeyFrame(d1, c1, salt))),
	} {
		if !errors.Is(err, errs.ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ []byte, _ crypt.Chain, err error) error { return err }
func first(_ crypt.Chain, err error) error            { return err }
