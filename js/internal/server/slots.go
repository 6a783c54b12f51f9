// SPDX-License-Identifier: Apache-2.0

package server

import (
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// What the key of an encrypted database is given as: the byte before it in a message.
const (
	keyNone       = 0
	keyRaw        = 1 // 32 bytes
	keyPassphrase = 2
	keyClear      = 3 // a copy without encryption
)

// keySource reads a key, nil for none.
func keySource(in *wire.Reader) (keys.Source, error) {
	kind, secret := in.Byte(), in.Bytes()
	switch {
	case in.Bad():
	case kind == keyNone:
		return nil, nil
	case kind == keyRaw:
		return keys.Raw(secret), nil
	case kind == keyPassphrase:
		return keys.Passphrase(secret, keys.Params{}), nil
	case kind == keyClear:
		return keys.None, nil
	}
	return nil, badMessage()
}

// slots answers with the number of key slots, and the id, the type and the name of each.
func (s *Server) slots(r *request, _ *tx, out *wire.Writer) error {
	if !r.in.Done() {
		return badMessage()
	}
	list := s.database().Keys()
	out.U32(uint32(len(list)))
	for _, k := range list {
		out.Text(k.ID.String())
		out.Text(k.Type)
		out.Text(k.Name)
	}
	return nil
}

// encrypted returns why the keys of the database cannot be changed, if it has none.
func (s *Server) encrypted() error {
	if len(s.database().Keys()) == 0 {
		return misuse("the database is not encrypted; backup({ key }) makes a copy that is")
	}
	return nil
}

// addKey adds a key, and answers with its id.
func (s *Server) addKey(r *request, _ *tx, out *wire.Writer) error {
	src, err := keySource(r.in)
	if err != nil {
		return err
	}
	if src == nil || src == keys.None || !r.in.Done() {
		return badMessage()
	}
	if err := s.encrypted(); err != nil {
		return err
	}
	ctx, stop := s.patient(r.ctx, "add key")
	defer stop()
	id, err := s.database().AddKey(ctx, src)
	if err == nil {
		out.Text(id.String())
	}
	return err
}

// removeKey removes the key with an id.
func (s *Server) removeKey(r *request, _ *tx, _ *wire.Writer) error {
	id, err := engine.ParseKeyID(r.in.Text())
	if !r.in.Done() {
		return badMessage()
	}
	if err != nil {
		return err
	}
	if err := s.encrypted(); err != nil {
		return err
	}
	ctx, stop := s.patient(r.ctx, "remove key")
	defer stop()
	return s.database().RemoveKey(ctx, id)
}
