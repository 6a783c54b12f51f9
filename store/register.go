// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Driver opens the stores whose names begin with a scheme, such as postgres://host/database.
type Driver struct {
	// Settings are the names of the settings of lsmlite that stores of the driver honour, such as
	// "safety", besides those of connections, which hold for every store. A name that has any other
	// setting of lsmlite is refused; what is no setting of lsmlite is a parameter of the driver's own
	// and stays in the URL.
	Settings []string
	// Open opens the store that u names. The URL may hold a password: neither an error, nor anything
	// else that the store returns, may show it. The caller closes the store.
	Open func(ctx context.Context, u *url.URL, s Settings) (Store, error)
}

// Settings are what a name says besides the URL, for all connections that share the store.
type Settings struct {
	// Create says that what the store needs may be made if it is missing (mode=rwc), and ReadOnly
	// that nothing may be written at all (mode=ro).
	Create, ReadOnly bool
	// Values has those of Driver.Settings that are given, in the spelling that PRAGMA shows.
	Values map[string]string
}

var drivers = struct {
	sync.RWMutex
	of map[string]Driver
}{of: map[string]Driver{}}

// schemeForm is what a scheme looks like. One letter would be a drive of Windows.
var schemeForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]+$`)

// Register makes names that begin with scheme and "://" those of stores that d opens. It is called
// by the init function of the package that has the driver. It panics if the scheme is not one in
// small letters, is "file", or has a driver already, and if d cannot open anything.
func Register(scheme string, d Driver) {
	switch {
	case !schemeForm.MatchString(scheme) || scheme == "file":
		panic(fmt.Sprintf("store: Register: %q cannot be the scheme of stores", scheme))
	case d.Open == nil:
		panic("store: Register: the driver of " + scheme + " cannot open anything")
	}
	d.Settings = slices.Clone(d.Settings)
	drivers.Lock()
	defer drivers.Unlock()
	if _, known := drivers.of[scheme]; known {
		panic("store: Register: " + scheme + " has a driver already")
	}
	drivers.of[scheme] = d
}

// Registered returns the driver of a scheme, in letters of any case.
func Registered(scheme string) (d Driver, ok bool) {
	drivers.RLock()
	defer drivers.RUnlock()
	d, ok = drivers.of[strings.ToLower(scheme)]
	return d, ok
}
