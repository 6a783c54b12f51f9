// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// seal makes the secret of a new generation, whose base gets what it takes to make it again. Without a key there is
// none.
func seal(ctx context.Context, b *object.Base, src keys.Source) (*object.Sealer, error) {
	if src == nil {
		return nil, nil
	}
	m, err := material(ctx, src)
	if err != nil {
		return nil, err
	}
	defer m.Wipe()
	if _, err := rand.Read(b.Salt[:]); err != nil {
		return nil, err
	}
	secret := m.Key
	b.Key = object.KeyRaw
	if m.Passphrase != nil {
		b.Key, b.KDF, secret = object.KeyPassphrase, m.Params.OrDefault(), m.Passphrase
		if err := b.KDF.Check(); err != nil {
			return nil, err
		}
	}
	made, err := b.Secret(secret)
	if err != nil {
		return nil, err
	}
	s := object.NewSealer(made)
	b.Check = s.Check()
	return s, nil
}

// unseal makes the secret of a generation again.
func unseal(ctx context.Context, gen uint64, b *object.Base, src keys.Source) (*object.Sealer, error) {
	switch {
	case b.Key == object.KeyNone && src == nil:
		return nil, nil
	case b.Key == object.KeyNone:
		return nil, fmt.Errorf("generation %d is not encrypted, and a key is given: %w", gen, ErrKey)
	case src == nil:
		return nil, fmt.Errorf("generation %d is encrypted: %w", gen, ErrKey)
	}
	m, err := material(ctx, src)
	if err != nil {
		return nil, err
	}
	defer m.Wipe()
	secret := m.Key
	if b.Key == object.KeyPassphrase {
		secret = m.Passphrase
	}
	if secret == nil {
		return nil, fmt.Errorf("generation %d is encrypted with the other kind of key, raw or passphrase: %w", gen, ErrKey)
	}
	made, err := b.Secret(secret)
	if err != nil {
		return nil, fmt.Errorf("generation %d: %w", gen, err)
	}
	s := object.NewSealer(made)
	if check := s.Check(); !hmac.Equal(check[:], b.Check[:]) {
		return nil, fmt.Errorf("generation %d is encrypted with another key: %w", gen, ErrKey)
	}
	return s, nil
}

// material gets a key. One of an external service is refused: what would wrap the secret of a generation is not built.
func material(ctx context.Context, src keys.Source) (*keys.Material, error) {
	m, err := src.Material(ctx)
	if err != nil {
		return nil, err
	}
	if m.Key == nil && m.Passphrase == nil {
		m.Wipe()
		return nil, fmt.Errorf("objects are encrypted with a raw key or a passphrase: %w", ErrMisuse)
	}
	return m, nil
}
