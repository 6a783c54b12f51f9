// SPDX-License-Identifier: Apache-2.0

package crypt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// What a file asks of argon2id beyond the limits is refused before it is computed.
func TestCostsOfPassphrasesAreBounded(t *testing.T) {
	v := vectors(t)[0]
	at := bytes.Index(v.Area, v.Slots[1]) + 4 + 8 + 16
	for i, name := range []string{"time", "memory in KiB", "lanes"} {
		for _, value := range []uint32{0, []uint32{keys.MaxTime, keys.MaxMemoryKiB, keys.MaxLanes}[i] + 1, 1<<32 - 1} {
			area := bytes.Clone(v.Area)
			binary.BigEndian.PutUint32(area[at+4*i:], value)
			crypt.MendCRC(v.Checkpoint, area)
			a, _, err := crypt.DecodeArea(v.Checkpoint, area)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, _, err = crypt.OpenSlot(context.Background(), keys.Passphrase(v.Passphrase, cheap), v.Suite, a.Slots, a.FileID)
			if !errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %d: %v", name, value, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s %d: refused after %v", name, value, took)
			}
		}
	}
}

// A part of a slot that was changed, with the CRC made right, opens nothing.
func TestChangedSlotsOpenNothing(t *testing.T) {
	for _, v := range vectors(t) {
		for s, src := range []keys.Source{keys.Raw(v.KEK), keys.Passphrase(v.Passphrase, cheap)} {
			at := bytes.Index(v.Area, v.Slots[s])
			for i := range v.Slots[s] {
				if s == 1 && i >= 28 && i < 40 && i%4 != 3 {
					continue // argon2id at higher costs
				}
				area := bytes.Clone(v.Area)
				area[at+i] ^= 1
				crypt.MendCRC(v.Checkpoint, area)
				a, _, err := crypt.DecodeArea(v.Checkpoint, area)
				if err == nil {
					_, _, err = crypt.OpenSlot(context.Background(), src, v.Suite, a.Slots, a.FileID)
				}
				if !errors.Is(err, errs.ErrKey) && !errors.Is(err, errs.ErrTampered) && !errors.Is(err, errs.ErrCorrupt) {
					t.Errorf("%s, slot %d, byte %d: %v", v.Suite, s, i, err)
				}
			}
		}
	}
}

// A version of the format, and a suite, that are not known are named, once the CRC is right.
func TestNewerFormatsAreNamed(t *testing.T) {
	v := vectors(t)[0]
	for at, want := range map[int]string{9: "version 3", 11: "suite 3"} {
		area := bytes.Clone(v.Area)
		area[at] = 3
		if _, _, err := crypt.DecodeArea(v.Checkpoint, area); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%s with a wrong CRC: %v", want, err)
		}
		crypt.MendCRC(v.Checkpoint, area)
		if _, _, err := crypt.DecodeArea(v.Checkpoint, area); !errors.Is(err, errs.ErrMismatch) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestExternalKeysThatFail(t *testing.T) {
	ctx := context.Background()
	down := errors.New("the service is down")
	fails := func(context.Context, []byte) ([]byte, error) { return nil, down }
	same := func(_ context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), nil }
	short := func(context.Context, []byte) ([]byte, error) { return []byte("short"), nil }
	long := func(context.Context, []byte) ([]byte, error) { return make([]byte, crypt.MaxSlots), nil }
	data := bytesOf(1, crypt.KeySize)
	for name, src := range map[string]keys.Source{
		"it fails":       keys.External("k", fails, same),
		"too long":       keys.External("k", long, same),
		"no name":        keys.External("", same, same),
		"a long name":    keys.External(strings.Repeat("n", crypt.MaxSlots), same, same),
		"a function nil": keys.External("k", same, nil),
	} {
		if _, err := crypt.NewSlot(ctx, src, crypt.AESGCM, data, crypt.FileID{}); !errors.Is(err, errs.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := crypt.NewSlot(ctx, keys.External("k", same, same), crypt.AESGCM, data, crypt.FileID{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = crypt.OpenSlot(ctx, keys.External("k", same, fails), crypt.AESGCM, []crypt.Slot{s}, crypt.FileID{})
	if !errors.Is(err, errs.ErrKey) || !errors.Is(err, down) {
		t.Errorf("the cause is lost: %v", err)
	}
	if _, _, err = crypt.OpenSlot(ctx, keys.External("k", same, short), crypt.AESGCM, []crypt.Slot{s}, crypt.FileID{}); !errors.Is(err, errs.ErrKey) {
		t.Errorf("5 bytes: %v", err)
	}
}

// Of two slots for external keys of one name, the service may know the newer one alone.
func TestExternalKeysOfOneName(t *testing.T) {
	ctx := context.Background()
	data := bytesOf(1, crypt.KeySize)
	service := func(version byte) keys.Source {
		return keys.External("k",
			func(_ context.Context, in []byte) ([]byte, error) { return append([]byte{version}, in...), nil },
			func(_ context.Context, in []byte) ([]byte, error) {
				if in[0] != version {
					return nil, errors.New("no such version")
				}
				return bytes.Clone(in[1:]), nil
			})
	}
	var slots []crypt.Slot
	for version := byte(1); version <= 2; version++ {
		s, err := crypt.NewSlot(ctx, service(version), crypt.AESGCM, data, crypt.FileID{})
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, s)
	}
	for version := 1; version <= 2; version++ {
		got, at, err := crypt.OpenSlot(ctx, service(byte(version)), crypt.AESGCM, slots, crypt.FileID{})
		if err != nil || at != version-1 || !bytes.Equal(got, data) {
			t.Errorf("version %d: slot %d, %v", version, at, err)
		}
	}
	if _, _, err := crypt.OpenSlot(ctx, service(3), crypt.AESGCM, slots, crypt.FileID{}); !errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "cannot unwrap") {
		t.Errorf("version 3: %v", err)
	}
}

// given is a source of somebody else's.
type given struct{ m *keys.Material }

func (g given) Material(context.Context) (*keys.Material, error) { return g.m, nil }
func (given) String() string                                     { return "a source" }

// A source that gives nothing, or several things, or half of a key, is refused: also where a slot would be made that no
// key opens.
func TestSourcesThatGiveNoOneKey(t *testing.T) {
	ctx := context.Background()
	same := func(_ context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), nil }
	data := bytesOf(1, crypt.KeySize)
	s, err := crypt.NewSlot(ctx, keys.External("k", same, same), crypt.AESGCM, data, crypt.FileID{})
	if err != nil {
		t.Fatal(err)
	}
	cheap := keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}
	for i, m := range []*keys.Material{
		nil, {}, {Name: "k", Wrap: same}, {Name: "k", Unwrap: same},
		{Key: bytesOf(2, crypt.KeySize), Name: "k", Wrap: same}, {Key: bytesOf(2, crypt.KeySize), Unwrap: same},
		{Passphrase: []byte("word"), Params: cheap, Name: "k", Wrap: same}, {Key: bytesOf(2, crypt.KeySize), Passphrase: []byte("word"), Params: cheap},
	} {
		if _, err := crypt.NewSlot(ctx, given{m}, crypt.AESGCM, data, crypt.FileID{}); !errors.Is(err, errs.ErrKey) {
			t.Errorf("material %d: a slot was made: %v", i, err)
		}
		if _, _, err := crypt.OpenSlot(ctx, given{m}, crypt.AESGCM, []crypt.Slot{s}, crypt.FileID{}); !errors.Is(err, errs.ErrKey) {
			t.Errorf("material %d: a slot was opened: %v", i, err)
		}
	}
}

// Wipe does not wait for a service that wraps the data key, and takes nothing from it.
func TestWipeWhileAKeyIsWrapped(t *testing.T) {
	data := bytesOf(1, crypt.KeySize)
	k, err := crypt.NewKeys(crypt.AESGCM, data, crypt.FileID{})
	if err != nil {
		t.Fatal(err)
	}
	var lent []byte
	err = k.DataKey(func(dataKey []byte) error {
		done := make(chan struct{})
		go func() { k.Wipe(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("Wipe waits")
		}
		if !bytes.Equal(dataKey, data) {
			t.Error("the key is another one")
		}
		lent = dataKey
		return nil
	})
	if err != nil || !bytes.Equal(lent, make([]byte, crypt.KeySize)) {
		t.Errorf("%v; the key is still there: %t", err, !bytes.Equal(lent, make([]byte, crypt.KeySize)))
	}
	if err := k.DataKey(func([]byte) error { return nil }); !errors.Is(err, errs.ErrMisuse) {
		t.Errorf("after Wipe: %v", err)
	}
}

// Under GODEBUG=fips140=only suite 1 works with raw and external keys, and what is no algorithm of
// FIPS 140-3 is refused by its name.
func TestFIPSMode(t *testing.T) {
	if os.Getenv("LSMLITE_TEST_FIPS") == "" {
		exe, err := os.Executable()
		if err != nil || runtime.GOARCH == "wasm" {
			t.Skip("the test binary cannot be run again: ", err)
		}
		cmd := exec.Command(exe, "-test.run=^TestFIPSMode$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", "LSMLITE_TEST_FIPS=1")
		out, err := cmd.CombinedOutput()
		if err != nil && strings.Contains(string(out), "FIPS 140-3 mode is") {
			t.Skipf("this platform has no FIPS mode: %s", out)
		}
		if err != nil || !strings.Contains(string(out), "works in FIPS mode") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	ctx, data, file := context.Background(), bytesOf(5, crypt.KeySize), crypt.NewFileID()
	same := func(_ context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), nil }
	k, err := crypt.NewKeys(crypt.AESGCM, data, file)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := segmentBox(t, k, 1).SealPage(nil, []byte("page"), 7)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := segmentBox(t, k, 1).OpenPage(nil, sealed, 7); err != nil || string(got) != "page" {
		t.Fatal(string(got), err)
	}
	for _, src := range []keys.Source{keys.Raw(bytesOf(6, 32)), keys.External("k", same, same)} {
		s, err := crypt.NewSlot(ctx, src, crypt.AESGCM, data, file)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := crypt.OpenSlot(ctx, src, crypt.AESGCM, []crypt.Slot{s}, file); err != nil || !bytes.Equal(got, data) {
			t.Fatal(err)
		}
	}
	_, err = crypt.NewKeys(crypt.ChaCha20Poly1305, data, file)
	if !errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "chacha20-poly1305") {
		t.Fatal(err)
	}
	_, err = crypt.NewSlot(ctx, keys.Passphrase([]byte("p"), cheap), crypt.AESGCM, data, file)
	if !errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "argon2id") {
		t.Fatal(err)
	}
	fmt.Println("works in FIPS mode")
}
