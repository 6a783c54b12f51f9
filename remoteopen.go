// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"errors"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// opener returns what opens the store that cfg names.
func opener(cfg Config) openStore {
	remote, _ := storeOf(cfg.Path)
	if remote == nil {
		return openEngine
	}
	return func(ctx context.Context, path string, _ engine.Options) (store.Store, error) {
		return remote.open(ctx, path, &cfg)
	}
}

// open opens the store at the URL path.
func (r *remoteStore) open(ctx context.Context, path string, cfg *Config) (store.Store, error) {
	u, err := parseStoreURL(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for i := range settings {
		if s := &settings[i]; slices.Contains(r.driver.Settings, s.name) && s.said(cfg) != "" {
			values[s.name] = s.said(cfg)
		}
	}
	st, err := r.driver.Open(ctx, u, store.Settings{
		Create: cfg.Mode == ModeReadWriteCreate, ReadOnly: cfg.Mode == ModeReadOnly, Values: values,
	})
	var known *Error
	switch {
	case err == nil && st == nil:
		return nil, &Error{Code: CodeCantOpen, Op: "open", Path: shownPath(path), Detail: "the driver has opened nothing"}
	case err == nil || errors.As(err, &known) || ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return st, err
	}
	return nil, &Error{Code: CodeCantOpen, Op: "open", Path: shownPath(path), Err: err}
}
