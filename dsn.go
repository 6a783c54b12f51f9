// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// ParseDSN reads a data source name:
//
//	path[?name=value&…]
//	file:path[?name=value&…]
//	:memory:[?name=value&…]
//	scheme://…[?name=value&…]
//
// The path of the first form is taken as it is, up to the first question mark; in the
// second, %XX stands for a byte, so that any path can be written. Names and values are
// written as in a URL's query. The last form is a store on another machine, whose scheme a package has
// registered with store.Register. It takes the settings of connections and those that the store names;
// what is no setting of lsmlite stays in the URL. A scheme that is not registered is an error, and so is
// what looks like a URL with a password in it (scheme:/user:password@host); a file with such a name is
// written ./name, or in the second form, whose Path then begins with ./, too. Otherwise an unknown name, a
// name that is there twice, and a bad value are errors that say what is allowed.
//
// The names are those in the tags of [Config], and multiple_processes, which can be off only.
// The table in docs/tuning.md has what each may be, and its default. Sizes are in KB, page_size
// in bytes, busy_timeout in milliseconds, unless they have a suffix, as 16MiB or 1.5s have. A
// preset stands for all settings that are not in the name themselves, wherever it is in the name.
//
// A key is never in the name, which gets into logs, only the place where it is: key_file, key_env,
// passphrase_file, passphrase_env. Names such as key and password are refused.
func ParseDSN(dsn string) (Config, error) {
	var c Config
	if remote, err := storeOf(dsn); err != nil {
		return Config{}, err
	} else if remote != nil {
		return parseStoreDSN(dsn, remote)
	}
	path, query, _ := strings.Cut(dsn, "?")
	path, err := parsePath(path)
	if err != nil {
		return Config{}, err
	}
	c.Path = path
	if err := c.parseQuery(query, nil); err != nil {
		return Config{}, err
	}
	if err := c.validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// parseStoreDSN reads the name of a store. Path becomes the URL without our settings.
func parseStoreDSN(dsn string, remote *remoteStore) (Config, error) {
	var c Config
	path, query, _ := strings.Cut(dsn, "?")
	var kept []string
	err := c.parseQuery(query, func(name, pair string) (bool, error) {
		s := settingNamed(name)
		if s == nil {
			kept = append(kept, pair)
			return true, nil
		}
		return false, remote.takes(s)
	})
	if err != nil {
		return Config{}, err
	}
	if c.Path = path; len(kept) > 0 {
		c.Path += "?" + strings.Join(kept, "&")
	}
	return c, c.validate()
}

func parsePath(path string) (string, error) {
	uri, ok := strings.CutPrefix(path, "file:")
	if !ok {
		return path, nil
	}
	if rest, ok := strings.CutPrefix(uri, "//"); ok {
		host, file, found := strings.Cut(rest, "/")
		if host != "" && host != "localhost" {
			return "", otherHost(host)
		}
		if uri = ""; found {
			uri = "/" + file
		}
	}
	if strings.Contains(uri, "#") {
		return "", misusef("open", "a # in a file: name must be written %%23")
	}
	path, err := url.PathUnescape(uri)
	if err != nil {
		return "", misusef("open", "%v in the path of a file: name; write %%25 for %%", err)
	}
	return asFile(path), nil
}

// parseQuery reads settings. What foreign takes, which is nil for a file, is none of them.
func (c *Config) parseQuery(query string, foreign func(name, pair string) (bool, error)) error {
	seen := map[string]bool{}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		text, err := url.QueryUnescape(name)
		if err != nil {
			return misusef("open", "bad escape in the name of a setting; write %%25 for %%")
		}
		name = text
		if foreign != nil {
			switch taken, err := foreign(name, pair); {
			case err != nil:
				return err
			case taken:
				continue
			}
		}
		// Before anything that shows a value: it may be a secret.
		if isSecret(name) {
			return misusef("open", "%s is refused, because names of data sources get into logs; "+
				"use key_file, key_env, passphrase_file or passphrase_env, or Config.Key", name)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return misusef("open", "bad escape in the value of %s; write %%25 for %%", name)
		}
		s := settingNamed(name)
		switch {
		case s == nil:
			return misusef("open", "unknown setting %q; allowed: %s", name, settingNames())
		case !found:
			return misusef("open", "%s has no value; write %s=…; allowed: %s", name, name, s.values)
		case seen[s.name]:
			return misusef("open", "%s is set twice", s.name)
		}
		seen[s.name] = true
		if err := s.apply(c, value); err != nil {
			return err
		}
	}
	return nil
}

// FormatDSN returns the name that ParseDSN reads back as c, as far as c can be text: FS,
// Perm, Codecs, Key and NotBefore cannot.
func (c Config) FormatDSN() string {
	var b strings.Builder
	sep := byte('?')
	if remote, _ := storeOf(c.Path); remote == nil {
		b.WriteString(formatPath(c.Path))
	} else {
		b.WriteString(c.Path)
		if strings.Contains(c.Path, "?") {
			sep = '&'
		}
	}
	for i := range settings {
		s := &settings[i]
		if text := s.said(&c); text != "" {
			b.WriteByte(sep)
			b.WriteString(s.name)
			b.WriteByte('=')
			b.WriteString(url.QueryEscape(text))
			sep = '&'
		}
	}
	return b.String()
}

// String returns the DSN of c, as far as it can be shown: the URL of a store without its password and its
// own parameters, and no key that is given in the place of the name of a file or of a variable.
func (c Config) String() string {
	if _, err := storeOf(c.Path); err != nil {
		c = Config{Path: c.Path}
	}
	c.Path = shownPath(c.Path)
	c.KeyFile, c.KeyEnv = shownName(c.KeyFile, keys.File), shownName(c.KeyEnv, keys.Env)
	c.PassphraseFile = shownName(c.PassphraseFile, keys.PassphraseFile)
	c.PassphraseEnv = shownName(c.PassphraseEnv, func(name string) keys.Source { return keys.PassphraseEnv(name) })
	return c.FormatDSN()
}

// shownName returns the name of the place of a key, unless it looks like the key itself, given by mistake: package keys
// decides that, for its errors.
func shownName(name string, source func(string) keys.Source) string {
	if name == "" || strings.Contains(fmt.Sprint(source(name)), name) {
		return name
	}
	return "…"
}

// GoString is what %#v shows.
func (c Config) GoString() string { return "lsmlite.Config(" + c.String() + ")" }

// LogValue is what log/slog writes: String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON returns String as JSON, so that no password gets out. Fields that cannot be text are not in it.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// formatPath writes a path as it is unless it would then be read as something else.
func formatPath(path string) string {
	if !strings.Contains(path, "?") && !strings.HasPrefix(path, "file:") {
		return path
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23").Replace(path)
	if strings.HasPrefix(escaped, "//") { // else it would be read as a host
		return "file://" + escaped
	}
	return "file:" + escaped
}
