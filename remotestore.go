// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/store"
)

// remoteStore is a store of a registered scheme.
type remoteStore struct {
	scheme string
	driver store.Driver
}

// storeOf returns which store a path or a DSN names; nil if it names a file or a database in memory.
func storeOf(name string) (*remoteStore, error) {
	if err := misnamed(name); err != nil {
		return nil, err
	}
	m := storeURL.FindStringSubmatch(name)
	if m == nil {
		return nil, nil
	}
	scheme := strings.ToLower(m[1])
	if d, ok := store.Registered(scheme); ok {
		return &remoteStore{scheme, d}, nil
	}
	return nil, nil
}

// everyStore reports whether a setting holds for connections, whatever keeps the rows.
func (s *setting) everyStore() bool {
	return s.scope == connection && (s.save == nil || s.name == "mode")
}

// takes refuses a setting that the store does not have.
func (r *remoteStore) takes(s *setting) error {
	if s.everyStore() || slices.Contains(r.driver.Settings, s.name) {
		return nil
	}
	return misusef("open", "%s is a setting of files, and a store at %s:// is none; allowed: %s, and what the store has itself",
		s.name, r.scheme, r.settingNames())
}

// settingNames lists the settings that the store has, for an error.
func (r *remoteStore) settingNames() string {
	var names []string
	for i := range settings {
		if s := &settings[i]; s.everyStore() || slices.Contains(r.driver.Settings, s.name) {
			names = append(names, s.name)
		}
	}
	return strings.Join(names, ", ")
}

// inForce returns the current value of a setting that is none of every store's, if the store has it.
func (r *remoteStore) inForce(s *setting, cfg *Config) (string, error) {
	if !slices.Contains(r.driver.Settings, s.name) {
		return "", misusef("pragma", "%s is a setting of files, and a store at %s:// is none", s.name, r.scheme)
	}
	if text := s.said(cfg); text != "" {
		return text, nil
	}
	return "default", nil // which only the store knows
}
