// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// agrees reports whether everything that cfg says is what h is open with: what its opener set, or
// the current value. The options are those of cfg, with the key as it was fetched.
func (h *handle) agrees(ctx context.Context, cfg Config, o engine.Options) error {
	if e, ok := h.store.(store.Encrypter); ok {
		if err := e.CheckKey(ctx, o.Key); err != nil {
			return err
		}
		if err := e.CheckNotBefore(o.NotBefore); err != nil {
			return err
		}
	}
	if h.cfg.Mode == ModeReadOnly && cfg.Mode != ModeReadOnly {
		return &Error{Code: CodeMisuse, Op: "open", Path: h.shared.Path,
			Detail: "settings disagree: the database is open in this process with mode=ro, and mode=" +
				cfg.Mode.String() + " is requested"}
	}
	for _, s := range []struct {
		name       string
		other, set bool
	}{
		{"Observer", cfg.Observer != h.cfg.Observer, cfg.Observer != nil},
		{"Logger", cfg.Logger != h.cfg.Logger, cfg.Logger != nil},
	} {
		if s.set && s.other {
			return &Error{Code: CodeMisuse, Op: "open", Path: h.shared.Path,
				Detail: "settings disagree: the database is open in this process with another " + s.name +
					"; give it to the connector that opens the database first"}
		}
	}
	for i := range settings {
		s := &settings[i]
		want := s.said(&cfg)
		if s.scope != database || want == "" || want == s.said(&h.cfg) {
			continue
		}
		inForce, err := h.inForce(s, &h.cfg)
		if err != nil {
			return err
		}
		if want != inForce {
			return &Error{Code: CodeMisuse, Op: "open", Path: h.shared.Path,
				Detail: "settings disagree: the database is open in this process with " +
					s.name + "=" + inForce + ", and " + s.name + "=" + want + " is requested"}
		}
	}
	return nil
}

// inForce returns the current value of a setting on a connection to h, which has
// the settings cfg.
func (h *handle) inForce(s *setting, cfg *Config) (string, error) {
	switch {
	case h.remote != nil && !s.everyStore():
		return h.remote.inForce(s, &h.cfg)
	case s.load != nil:
		m, err := h.maintainer()
		if err != nil {
			return "", err
		}
		return s.saved(m.Options()), nil
	case s.scope == database:
		cfg = &h.cfg
	}
	return s.shown(cfg), nil
}

// maintainer returns the store of h, if it is one that can be maintained.
func (h *handle) maintainer() (store.Maintainer, error) {
	m, ok := h.store.(store.Maintainer)
	if !ok {
		return nil, misusef("pragma", "this store does not offer it")
	}
	return m, nil
}
