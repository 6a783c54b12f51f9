// SPDX-License-Identifier: Apache-2.0

package crypt_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// hexBytes are bytes that are hex digits in a file.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) (err error) {
	var s string
	if err = json.Unmarshal(b, &s); err == nil {
		*h, err = hex.DecodeString(s)
	}
	return err
}

// vector is what testdata/vectors.py has made of one suite.
type vector struct {
	Suite        crypt.Suite
	FileID       hexBytes `json:"file_id"`
	DataKey      hexBytes `json:"data_key"`
	SegmentSalt  hexBytes `json:"segment_salt"`
	Plain        hexBytes
	AD           hexBytes `json:"ad"`
	Box          hexBytes
	Pages        []pageVector
	LogSalt      hexBytes      `json:"log_salt"`
	Chain        hexBytes      `json:"chain"`
	KeyFrame     hexBytes      `json:"key_frame"`
	DataFrames   []frameVector `json:"data_frames"`
	ChainAfter   hexBytes      `json:"chain_after"`
	KEK          hexBytes      `json:"kek"`
	Passphrase   hexBytes
	ExternalName string     `json:"external_name"`
	SlotIDs      []hexBytes `json:"slot_ids"`
	Slots        []hexBytes
	Commits      uint64
	Codec        uint32
	Salts        []hexBytes
	Checkpoint   hexBytes
	Area         hexBytes
}

type pageVector struct {
	Number, Previous string
	Last             bool
	Image, Body      hexBytes
}

type frameVector struct {
	Flags      byte
	Plain, Box hexBytes
}

func vectors(t testing.TB) (list []vector) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	return list
}

// TestVectors: what another program has made from the description of the format is read here as it
// was meant, byte for byte.
func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Suite.String(), func(t *testing.T) {
			k, err := crypt.NewKeys(v.Suite, v.DataKey, crypt.FileID(v.FileID))
			if err != nil {
				t.Fatal(err)
			}
			segment, err := k.Segment(crypt.Salt(v.SegmentSalt))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := segment.Open(nil, v.Box, v.AD); err != nil || !bytes.Equal(got, v.Plain) {
				t.Errorf("box: %x, %v", got, err)
			}
			for _, p := range v.Pages {
				checkPage(t, segment, p)
			}
			checkFrames(t, k, v)
			checkSlots(t, v)
			checkArea(t, k, v)
		})
	}
}

func checkPage(t *testing.T, box *crypt.Box, p pageVector) {
	t.Helper()
	number, err := strconv.ParseUint(p.Number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := box.OpenPage(nil, p.Body, number)
	if err != nil {
		t.Fatalf("page %s: %v", p.Number, err)
	}
	image, previous, last, err := crypt.CutPageTail(plain)
	if err != nil || !bytes.Equal(image, p.Image) || strconv.FormatUint(previous, 10) != p.Previous || last != p.Last {
		t.Errorf("page %s: %x, %d, %v, %v", p.Number, image, previous, last, err)
	}
	if got := crypt.AppendPageTail(bytes.Clone(p.Image), previous, last); !bytes.Equal(got, plain) || len(p.Body) != len(p.Image)+crypt.PageOverhead {
		t.Errorf("page %s is written as %x, want %x", p.Number, got, plain)
	}
}

func checkFrames(t *testing.T, k *crypt.Keys, v vector) {
	t.Helper()
	box, err := k.Log(crypt.Salt(v.LogSalt))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := box.OpenKeyFrame(v.KeyFrame, crypt.Chain(v.Chain), crypt.Salt(v.LogSalt))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range v.DataFrames {
		var plain []byte
		if plain, chain, err = box.OpenDataFrame(nil, f.Box, chain, f.Flags); err != nil || !bytes.Equal(plain, f.Plain) {
			t.Errorf("frame %d: %x, %v", i, plain, err)
		}
	}
	if chain != crypt.Chain(v.ChainAfter) {
		t.Errorf("the chain is %x", chain)
	}
}

func checkSlots(t *testing.T, v vector) {
	t.Helper()
	a, _, err := crypt.DecodeArea(v.Checkpoint, v.Area)
	if err != nil {
		t.Fatal(err)
	}
	xor := func(_ context.Context, in []byte) ([]byte, error) {
		for i := range in {
			in[i] ^= 0xaa
		}
		return in, nil
	}
	for i, src := range []keys.Source{
		keys.Raw(v.KEK), keys.Passphrase(v.Passphrase, keys.Params{}), keys.External(v.ExternalName, xor, xor),
	} {
		data, at, err := crypt.OpenSlot(context.Background(), src, v.Suite, a.Slots, crypt.FileID(v.FileID))
		if err != nil || at != i || !bytes.Equal(data, v.DataKey) {
			t.Errorf("%s: slot %d, %v", src, at, err)
		}
		if id := a.Slots[i].ID(); !bytes.Equal(id[:], v.SlotIDs[i]) {
			t.Errorf("%s: id %s, want %x", src, id, v.SlotIDs[i])
		}
	}
	if p := a.Slots[1].Params(); p != (keys.Params{Time: 2, MemoryKiB: 256, Lanes: 3}) {
		t.Errorf("%+v", p)
	}
	if got := a.Slots[2].Name(); got != v.ExternalName {
		t.Errorf("name %q", got)
	}
}

func checkArea(t *testing.T, k *crypt.Keys, v vector) {
	t.Helper()
	a, size, err := crypt.DecodeArea(v.Checkpoint, append(bytes.Clone(v.Area), 1, 2, 3))
	if err != nil || size != len(v.Area) {
		t.Fatal(size, err)
	}
	if err := k.VerifyArea(v.Checkpoint, v.Area); err != nil {
		t.Error(err)
	}
	if a.Suite != v.Suite || a.Codec != v.Codec || a.Commits != v.Commits || !bytes.Equal(a.FileID[:], v.FileID) ||
		!bytes.Equal(a.LogSalt[:], v.LogSalt) || !bytes.Equal(a.Chain[:], v.Chain) || len(a.Salts) != len(v.Salts) || len(a.Slots) != len(v.Slots) {
		t.Fatalf("%+v", a)
	}
	for i, s := range a.Salts {
		if !bytes.Equal(s[:], v.Salts[i]) {
			t.Errorf("salt %d: %x", i, s)
		}
	}
	// What is written of it is the same bytes.
	if got, err := k.AppendArea(nil, v.Checkpoint, &a); err != nil || !bytes.Equal(got, v.Area) {
		t.Errorf("written as %x, %v\nwant %x", got, err, v.Area)
	}
}
