// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/store"
)

// remoteStore is a store of a registered scheme.
type remoteStore struct {
	scheme string
	driver store.Driver
}

// storePackages are the packages that register the schemes that are known to be those of stores.
var storePackages = map[string]string{
	"postgres":   "github.com/lsmlite/lsmlite-go/stores/pgstore",
	"postgresql": "github.com/lsmlite/lsmlite-go/stores/pgstore",
	"tikv":       "github.com/lsmlite/lsmlite-go/stores/tikvstore",
}

// storeURL is how a store's name begins.
var storeURL = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`)

// storeOf returns which store a path or a DSN names; nil if it names a file or a database in memory.
func storeOf(name string) (*remoteStore, error) {
	if !strings.Contains(name, "://") { // mostly
		return nil, nil
	}
	m := storeURL.FindStringSubmatch(name)
	if m == nil {
		return nil, nil
	}
	scheme := strings.ToLower(m[1])
	if d, ok := store.Registered(scheme); ok {
		return &remoteStore{scheme, d}, nil
	}
	if pkg, known := storePackages[scheme]; known {
		return nil, misusef("open", "the package for %s:// is not in this program; add import _ %q", scheme, pkg)
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

// parseStoreURL reads the URL of a store. Its error shows nothing of the URL, which may hold a password.
func parseStoreURL(path string) (*url.URL, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, misusef("open", "the name of the store is no URL; in user name and password "+
			"all except letters, digits and -._~ must be written as %%XX")
	}
	if u.Fragment != "" {
		return nil, misusef("open", "a # in the name of a store must be written %%23")
	}
	return u, nil
}

// shownPath returns what errors and PRAGMA show of a path: of a store's URL neither the password nor the
// parameters, which may hold one, too.
func shownPath(path string) string {
	if !storeURL.MatchString(path) {
		return path
	}
	if remote, err := storeOf(path); err == nil && remote == nil {
		return path // a file
	}
	u, err := parseStoreURL(path)
	if err != nil {
		scheme, _, _ := strings.Cut(path, "://")
		return scheme + "://…"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}
