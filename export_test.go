// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// NewModelConnector returns a connector whose database is a storetest.Model, which maintains
// nothing. fault, if it is not nil, is asked before each operation of the store.
func NewModelConnector(cfg Config, fault func(op string) error) *Connector {
	c := newConnector(&Driver{}, cfg)
	c.open = func(context.Context, string, engine.Options) (store.Store, error) {
		return storetest.NewModel(fault), nil
	}
	return c
}
