// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// KeyID names a key slot. A raw key has the same id in every file; ids of passphrases and of external
// keys differ from file to file.
type KeyID [8]byte

// String returns the id as 16 hex digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// ParseKeyID reads what String returned.
func ParseKeyID(s string) (KeyID, error) {
	id, err := crypt.ParseSlotID(s)
	return KeyID(id), err
}

// KeyInfo is what a key slot shows of itself.
type KeyInfo struct {
	ID   KeyID
	Type string // raw, passphrase, external
	// Params is what each try of a passphrase costs.
	Params keys.Params
	// Name is that of an external key.
	Name string
}

// Encryption is how a file is encrypted.
type Encryption struct {
	Cipher string // empty: not at all
	FileID [16]byte
	Keys   []KeyInfo
}

// Encryption returns how the file is encrypted.
func (db *DB) Encryption() Encryption {
	if db.secret == nil {
		return Encryption{}
	}
	k := db.secret.Keys()
	return Encryption{Cipher: k.Suite().String(), FileID: k.FileID(), Keys: db.Keys()}
}

// Keys returns the key slots: each key of the list opens the database.
func (db *DB) Keys() []KeyInfo {
	if db.secret == nil {
		return nil
	}
	return keyInfos(db.secret.Slots())
}

// encryptionOf returns what the accepted meta page of an encrypted file says.
func encryptionOf(l *checkpoint.Loaded) *Encryption {
	area := l.Area()
	return &Encryption{Cipher: area.Suite.String(), FileID: area.FileID, Keys: keyInfos(area.Slots)}
}

func keyInfos(slots []crypt.Slot) (list []KeyInfo) {
	for _, s := range slots {
		list = append(list, KeyInfo{ID: KeyID(s.ID()), Type: s.Type().String(), Params: s.Params(), Name: s.Name()})
	}
	return list
}

// CheckKey reports whether a source has a key of the database, with the error that Open would return: for a
// program that gives others access to a database that it has open. For one in clear the source is nil.
func (db *DB) CheckKey(ctx context.Context, src keys.Source) error {
	if err := db.usable("key"); err != nil {
		return err
	}
	return opens(ctx, db, src)
}

// AddKey makes one more key open the database, and returns its id. It is durable when AddKey returns, unless
// Safety is SafetyOff. The data key stays; to change that, make a Backup with another Key.
func (db *DB) AddKey(ctx context.Context, src keys.Source) (KeyID, error) {
	if err := db.encrypted("add key"); err != nil {
		return KeyID{}, err
	}
	var slot crypt.Slot
	k := db.secret.Keys()
	err := k.DataKey(func(dataKey []byte) (err error) {
		slot, err = crypt.NewSlot(ctx, src, k.Suite(), dataKey, k.FileID())
		return err
	})
	if err != nil {
		return KeyID{}, atKeys("add key", db.path, err)
	}
	id := KeyID(slot.ID())
	return id, db.changeSlots(ctx, "add key", func(slots []crypt.Slot) ([]crypt.Slot, error) {
		size := slot.Size()
		for _, s := range slots {
			if size += s.Size(); s.ID() == slot.ID() {
				return nil, misuse("the database has this key already: %s", id)
			}
		}
		if size > crypt.MaxSlots {
			return nil, &Error{Code: CodeFull, Detail: fmt.Sprintf("no room for one more key: the slots would have %d bytes of %d", size, crypt.MaxSlots)}
		}
		return append(slices.Clone(slots), slot), nil
	})
}

// RemoveKey makes a key not open the database any more. It is durable when RemoveKey returns, unless Safety
// is SafetyOff. The last key stays. Older copies of the file still open with it, and they have the same data
// key: see docs/encryption.md.
func (db *DB) RemoveKey(ctx context.Context, id KeyID) error {
	if err := db.encrypted("remove key"); err != nil {
		return err
	}
	return db.changeSlots(ctx, "remove key", func(slots []crypt.Slot) ([]crypt.Slot, error) {
		i := slices.IndexFunc(slots, func(s crypt.Slot) bool { return KeyID(s.ID()) == id })
		switch {
		case i < 0:
			return nil, misuse("the database has no key %s", id)
		case len(slots) == 1:
			return nil, misuse("%s is the last key; without it nobody could open the database", id)
		}
		return slices.Delete(slices.Clone(slots), i, i+1), nil
	})
}

// encrypted reports whether the keys of the database can be changed.
func (db *DB) encrypted(op string) error {
	if err := db.writable(op); err != nil {
		return err
	}
	if db.secret == nil {
		return &Error{Code: CodeMisuse, Op: op, Path: db.path, Detail: "the database is not encrypted; make a Backup with a Key, or lsmlite rewrite --encrypt"}
	}
	return nil
}

// changeSlots makes a checkpoint with other slots. If that fails, the slots are as before, and each meta page
// has those of before or the new ones.
func (db *DB) changeSlots(ctx context.Context, op string, change func([]crypt.Slot) ([]crypt.Slot, error)) error {
	var before []crypt.Slot
	err := db.worker.StoreChanged(ctx, op, func() error {
		slots, err := change(db.secret.Slots())
		if err == nil {
			before = db.secret.Slots()
			db.secret.SetSlots(slots)
		}
		return err
	}, func() { db.secret.SetSlots(before) })
	return atKeys(op, db.path, err)
}

func misuse(format string, args ...any) error {
	return &Error{Code: CodeMisuse, Detail: fmt.Sprintf(format, args...)}
}

// atKeys says in an error what was done to which database.
func atKeys(op, path string, err error) error {
	if e, ok := err.(*Error); ok && e.Path == "" {
		e.Op, e.Path = op, path
	}
	return err
}
