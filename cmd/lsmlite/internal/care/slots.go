// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Slots lists the keys of an encrypted database, and adds and removes some.
type Slots struct {
	List   SlotsList   `cmd:"" default:"withargs" help:"List the keys that open a database."`
	Add    SlotsAdd    `cmd:"" help:"Let one more key open a database."`
	Remove SlotsRemove `cmd:"" help:"Let a key not open a database any more."`
}

// Help has examples.
func (Slots) Help() string {
	return env.Help("A database is encrypted with a data key, which is in the file: once for each key that opens it, in a slot. To change a key, add "+
		"the new one and remove the old one; that is instant, and rows are not written again. The last key cannot be removed. Copies from "+
		"before still open with the old key, and have the same data key: lsmlite rewrite --encrypt makes another one.",
		"lsmlite slots my.lsm", "lsmlite slots add --key-file my.key --new-key-file new.key my.lsm",
		"lsmlite slots remove --key-file new.key my.lsm 3f2c9a01b7d4e866")
}

// SlotsList lists keys, which takes none.
type SlotsList struct {
	File string `arg:"" help:"Database file."`
}

// Help has examples.
func (SlotsList) Help() string {
	return env.Help("Each line has the id of a key, its type, and what belongs to that. The file says so, and no key is needed to read it.",
		"lsmlite slots list my.lsm", "lsmlite slots --json my.lsm | jq -r '.keys[].id'")
}

// Run lists the keys.
func (s SlotsList) Run(e *env.Env) error {
	info, err := engine.Identify(nil, s.File)
	if err != nil {
		return err
	}
	if info.LSM1 == nil {
		return env.Errorf(env.CannotOpen, "%s is %s", s.File, info.What)
	}
	if !env.WholeMeta(info.LSM1) {
		if lost := env.KeysLost(s.File); lost != "" {
			return env.Errorf(env.CannotOpen, "%s", lost)
		}
		return env.Errorf(env.CannotOpen, "no meta page of %s is whole, so that nothing is known of keys; "+
			"an encrypted database without a whole meta page can be neither opened nor recovered", s.File)
	}
	crypt := info.LSM1.Encryption
	if e.JSON {
		return printJSON(e, encryptionJSON(crypt))
	}
	if crypt == nil {
		_, err := fmt.Fprintln(e.Stdout, "not encrypted")
		return err
	}
	for _, line := range describeKeys(crypt) {
		if _, err := fmt.Fprintln(e.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// SlotsAdd adds a key.
type SlotsAdd struct {
	target
	env.NewKey
}

// Help has examples.
func (SlotsAdd) Help() string {
	return env.Help("The database then opens with both keys. It must not be in use.",
		"lsmlite slots add --key-file my.key --new-key-file new.key my.lsm", "lsmlite slots add --key-file my.key --new-passphrase-file words my.lsm")
}

// Run adds the key.
func (s SlotsAdd) Run(ctx context.Context, e *env.Env) error {
	key, err := s.NewKey.Source()
	if err != nil {
		return err
	}
	if key == nil {
		return env.Errorf(env.Usage, "name the place of the new key, such as --new-key-file")
	}
	db, err := s.Open(ctx, s.File, env.Write)
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := db.Engine.AddKey(ctx, key)
	if err != nil {
		return err
	}
	if e.JSON {
		return printJSON(e, map[string]string{"added": id.String()})
	}
	_, err = fmt.Fprintf(e.Stdout, "added %s\n", id)
	return err
}

// SlotsRemove removes a key.
type SlotsRemove struct {
	target
	ID string `arg:"" help:"Id of the key, as it is listed."`
}

// Help has examples.
func (SlotsRemove) Help() string {
	return env.Help("It must not be the last one, and the database must not be in use. Copies from before still open with it.",
		"lsmlite slots remove --key-file new.key my.lsm 3f2c9a01b7d4e866")
}

// Run removes the key.
func (s SlotsRemove) Run(ctx context.Context, e *env.Env) error {
	id, err := engine.ParseKeyID(s.ID)
	if err != nil {
		return env.Errorf(env.Usage, "%w", err)
	}
	db, err := s.Open(ctx, s.File, env.Write)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Engine.RemoveKey(ctx, id); err != nil {
		return err
	}
	if e.JSON {
		return printJSON(e, map[string]string{"removed": id.String()})
	}
	_, err = fmt.Fprintf(e.Stdout, "removed %s\n", id)
	return err
}

// describeKeys says in lines which keys open a database.
func describeKeys(c *engine.Encryption) (lines []string) {
	for _, k := range c.Keys {
		line := k.ID.String() + " " + k.Type
		switch {
		case k.Name != "":
			line += " " + text.Show([]byte(k.Name)) // the file says so, and nobody has verified it
		case k.Params.Time != 0:
			line += fmt.Sprintf(", argon2id with %d passes, %d KiB and %d lanes", k.Params.Time, k.Params.MemoryKiB, k.Params.Lanes)
		}
		lines = append(lines, line)
	}
	return lines
}

// encryptedJSON is how a file is encrypted, in JSON.
type encryptedJSON struct {
	Cipher string    `json:"cipher"`
	FileID string    `json:"file_id"`
	Keys   []keyJSON `json:"keys"`
}

type keyJSON struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Name      string `json:"name,omitempty"`
	Time      uint32 `json:"argon2id_passes,omitempty"`
	MemoryKiB uint32 `json:"argon2id_kib,omitempty"`
	Lanes     uint32 `json:"argon2id_lanes,omitempty"`
}

// encryptionJSON is nil, which is null, for a file in clear.
func encryptionJSON(c *engine.Encryption) *encryptedJSON {
	if c == nil {
		return nil
	}
	out := &encryptedJSON{Cipher: c.Cipher, FileID: fmt.Sprintf("%x", c.FileID), Keys: []keyJSON{}}
	for _, k := range c.Keys {
		out.Keys = append(out.Keys, keyJSON{k.ID.String(), k.Type, k.Name, k.Params.Time, k.Params.MemoryKiB, k.Params.Lanes})
	}
	return out
}
