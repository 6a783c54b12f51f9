// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// encryption shows how the file is encrypted. No PRAGMA takes a key: statements get into logs.
func encryption(_ context.Context, c *Call, _ []string) (*Table, error) {
	m, err := c.maintainer()
	if err != nil {
		return nil, err
	}
	t := &Table{Columns: []string{"cipher", "file_id", "key_id", "type", "parameters"}}
	var e engine.Encryption
	if s, ok := m.(store.Encrypter); ok {
		e = s.Encryption()
	}
	if e.Cipher == "" {
		t.Rows = [][]driver.Value{{"none", nil, nil, nil, nil}}
		return t, nil
	}
	for _, k := range e.Keys {
		var parameters driver.Value
		switch {
		case k.Name != "":
			parameters = k.Name
		case k.Params.Time != 0:
			parameters = fmt.Sprintf("argon2id, %d passes, %d KiB, %d lanes", k.Params.Time, k.Params.MemoryKiB, k.Params.Lanes)
		}
		t.Rows = append(t.Rows, []driver.Value{e.Cipher, hex.EncodeToString(e.FileID[:]), k.ID.String(), k.Type, parameters})
	}
	return t, nil
}
