// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/lsmlite/lsmlite-go/store"
)

// storePackages are the packages that register the schemes that are known to be those of stores.
var storePackages = map[string]string{
	"postgres":   "github.com/lsmlite/lsmlite-go/stores/pgstore",
	"postgresql": "github.com/lsmlite/lsmlite-go/stores/pgstore",
	"tikv":       "github.com/lsmlite/lsmlite-go/stores/tikvstore",
}

// A scheme has at least two letters, because one is a drive of Windows.
var (
	// storeURL is how a store's name begins.
	storeURL = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`)
	// schemeFirst finds the scheme of a name, also after blanks and quotes that were left there by mistake.
	schemeFirst = regexp.MustCompile(`^([\s"']*)([A-Za-z][A-Za-z0-9+.-]+):`)
	// loginInside finds what stands before an @ in what is almost a URL, after its scheme.
	loginInside = regexp.MustCompile(`(?s)^([^@]*:)?/.*@`)
	// keywordPassword finds the password in the other form of names that PostgreSQL has.
	keywordPassword = regexp.MustCompile(`(?i)(^|\s)password\s*=`)
)

// misnamed returns an error for what was meant to name a store, as far as one can tell, and names none that
// the program has: as a file it would get the password into its name, and into errors. So the error shows no
// more than the scheme.
func misnamed(name string) error {
	const file = "; for a file with such a name write ./ before it"
	if !strings.ContainsAny(name, ":=") { // mostly
		return nil
	}
	m := schemeFirst.FindStringSubmatch(name)
	if m == nil {
		if keywordPassword.MatchString(name) {
			return misusef("open", "password= is in the name of a file; a store is named scheme://user:password@host/…"+file)
		}
		return nil
	}
	rest, scheme := name[len(m[0]):], strings.ToLower(m[2])
	if scheme == "file" && m[1] == "" {
		return nil
	}
	pkg := storePackages[scheme]
	_, registered := store.Registered(scheme)
	switch known := registered || pkg != ""; {
	case m[1] != "" && (known || strings.HasPrefix(rest, "//") || loginInside.MatchString(rest)):
		return misusef("open", "a blank or a quotation mark stands before %s:, where the name of a store begins"+file, scheme)
	case strings.HasPrefix(rest, "//") && registered:
		return nil
	case strings.HasPrefix(rest, "//") && pkg != "":
		return misusef("open", "the package for %s:// is not in this program; add import _ %q", scheme, pkg)
	case strings.HasPrefix(rest, "//"):
		return misusef("open", "no package in this program has stores at %s://; is it misspelt, or an import missing? "+
			"For a file with such a name write ./ before it", scheme)
	case known:
		return misusef("open", "the name of a store begins with %s://, with two slashes"+file, scheme)
	case loginInside.MatchString(rest):
		return misusef("open", "this looks like a URL at %s:, with what may be a password before an @; "+
			"the name of a store begins with scheme://"+file, scheme)
	}
	return nil
}

// asFile returns a path of the same file that is not read as the name of a store.
func asFile(path string) string {
	if misnamed(path) != nil || storeURL.MatchString(path) {
		return "./" + path
	}
	return path
}

// shownPath returns what errors and PRAGMA show of a path: of a store's URL neither the password nor the
// parameters, which may hold one, too.
func shownPath(path string) string {
	if storeURL.MatchString(path) {
		return shownURL(path)
	}
	if misnamed(path) == nil {
		return path // a file
	}
	if m := schemeFirst.FindStringSubmatch(path); m != nil {
		return m[2] + ":…"
	}
	return "…"
}

// shownURL is shownPath for a URL: of one whose scheme is unknown that alone.
func shownURL(path string) string {
	scheme, _, _ := strings.Cut(path, "://")
	_, registered := store.Registered(scheme)
	u, err := parseStoreURL(path)
	if err != nil || !registered && storePackages[strings.ToLower(scheme)] == "" {
		return scheme + "://…"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}

// otherHost refuses the host of a file: name, of which it shows nothing before an @.
func otherHost(host string) error {
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…" + host[i:]
	}
	return misusef("open", "file://%s names another host; write file:///path or file:path", host)
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
