// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// Encrypter is a store whose file may be encrypted. A connection to one that is open already must have a key,
// too, and its NotBefore is compared. A store that is no Encrypter takes no key.
type Encrypter interface {
	Encryption() engine.Encryption
	CheckKey(ctx context.Context, src keys.Source) error
	CheckNotBefore(token engine.StateToken) error
}
