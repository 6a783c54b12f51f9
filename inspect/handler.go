// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"crypto/rand"
	"database/sql"
	"net/http"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// Options say who may do what. The zero value serves this machine alone, and reads only.
type Options struct {
	// Write lets requests write: statements, put and delete. Without it nothing that the handler
	// does changes the database.
	Write bool
	// Authorize is called for each request, before anything else is done with it. If it returns an
	// error, the request is refused with that text and the status 403. It may look at r.Method: all
	// that writes is a POST. It must not read the body.
	Authorize func(r *http.Request) error
	// Token, if it is not empty, is what every request needs: as the header "Authorization: Bearer
	// TOKEN", or as the cookie that signing in leaves. It has at least MinToken bytes, and should be
	// random: crypto/rand.Text makes one.
	Token string
	// Hosts are further names under which the handler may be reached, without a port. Names of the
	// machine itself and addresses in figures are always allowed. If it is empty, and there is a
	// Token, every name is allowed for a listener that is not on loopback. With Authorize alone the
	// names have to be here: a page of a foreign name that leads to this machine could otherwise
	// read with all that Authorize goes by in a request of the user's browser.
	Hosts []string
	// Metrics is served as the resource metrics; for instance
	// promhttp.HandlerFor(registry, promhttp.HandlerOpts{}) with the collector of engine/prom.
	Metrics http.Handler
	// Recorder keeps the history that the page draws. It should be the one whose Observer the
	// database was opened with: then there are times of commits, and samples also while nobody
	// looks. If it is nil, the handler has one without them.
	Recorder *Recorder
	// Limits bound what requests take. What is zero there has its default.
	Limits Limits
}

// Handler returns a handler for an open database, which is to be registered for a path that ends
// in a slash. It has no goroutine of its own and holds nothing between two requests, so there is
// nothing to close. The database must stay open as long as requests are served.
//
// Of a *sql.DB, which must be one of driver lsmlite, each request takes a connection as long as it
// lasts; a copy or a check of a large database takes one for minutes.
func Handler[DB *sql.DB | *engine.DB](db DB, o Options) *Inspector {
	in := &Inspector{options: o, limits: o.Limits.orDefaults(), recorder: o.Recorder}
	switch db := any(db).(type) {
	case *sql.DB:
		in.source = &pool{db: db, wait: in.limits.ConnectionTime}
	case *engine.DB:
		in.source = opened{db}
	}
	if in.recorder == nil {
		in.recorder = NewRecorder()
	}
	rand.Read(in.secret[:])
	in.statements = make(chan struct{}, in.limits.Statements)
	in.checks = make(chan struct{}, in.limits.Checks)
	in.backups = make(chan struct{}, in.limits.Backups)
	in.bodies = make(chan struct{}, in.limits.Bodies)
	return in
}

// Inspector is the http.Handler of a database. It may be used by any number of goroutines.
type Inspector struct {
	options  Options
	limits   Limits
	source   source
	recorder *Recorder
	secret   [32]byte // signs cookies and tokens
	codes    codes

	statements, checks, backups, bodies chan struct{} // one element for each that runs
}

// resource is something that can be requested.
type resource struct {
	method string // GET, which includes HEAD, or POST
	// also is a second method, if there is one.
	also  string
	serve func(in *Inspector, q *request) error
	// open says that the resource has nothing of the database in it, and is needed to sign in.
	open bool
	// bare says that serve calls for the database itself, if it needs it.
	bare bool
	// body says that a POST has a body.
	body bool
}

// resources are all of them, by the last part of the path.
var resources map[string]resource

func init() {
	resources = map[string]resource{
		"":             {method: http.MethodGet, serve: (*Inspector).servePage, bare: true},
		wire.SignIn:    {method: http.MethodGet, also: http.MethodPost, serve: (*Inspector).serveSignIn, open: true, bare: true},
		wire.Info:      {method: http.MethodGet, serve: (*Inspector).serveInfo},
		wire.Stats:     {method: http.MethodGet, serve: (*Inspector).serveStats},
		wire.Structure: {method: http.MethodGet, serve: (*Inspector).serveStructure},
		wire.Layout:    {method: http.MethodGet, serve: (*Inspector).serveLayout},
		wire.Scene:     {method: http.MethodGet, serve: (*Inspector).serveScene},
		themeFile:      {method: http.MethodGet, serve: (*Inspector).serveTheme, open: true, bare: true},
		wire.Pins:      {method: http.MethodGet, serve: (*Inspector).servePins},
		wire.Log:       {method: http.MethodGet, serve: (*Inspector).serveLog},
		wire.Page:      {method: http.MethodGet, serve: (*Inspector).servePageOfFile},
		wire.History:   {method: http.MethodGet, serve: (*Inspector).serveHistory},
		wire.Metrics:   {method: http.MethodGet, serve: (*Inspector).serveMetrics, bare: true},
		wire.Keys:      {method: http.MethodGet, serve: (*Inspector).serveKeys},
		wire.Tree:      {method: http.MethodGet, serve: (*Inspector).serveTree},
		wire.Value:     {method: http.MethodGet, serve: (*Inspector).serveValue},
		wire.SQL:       {method: http.MethodGet, also: http.MethodPost, serve: (*Inspector).serveSQL, body: true},
		wire.Check:     {method: http.MethodGet, serve: (*Inspector).serveCheck},
		wire.Backup:    {method: http.MethodGet, serve: (*Inspector).serveBackup},
		wire.Put:       {method: http.MethodPost, serve: (*Inspector).servePut, body: true},
		wire.Delete:    {method: http.MethodPost, serve: (*Inspector).serveDelete},
	}
	for _, name := range assetNames() {
		resources[name] = resource{method: http.MethodGet, serve: (*Inspector).serveAsset, open: true, bare: true}
	}
}

// ServeHTTP serves the page and the resources. Their name is the last part of the path, so it does
// not matter where the handler is registered.
func (in *Inspector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := newRequest(w, r)
	if err := in.serve(q); err != nil && err != errAnswered {
		q.fail(in.late(q, err))
	}
	in.send(q)
}

func (in *Inspector) serve(q *request) error {
	secure(q.w.Header())
	res, ok := resources[q.name]
	switch {
	case !ok:
		return refusef(http.StatusNotFound, "there is no resource %q here", q.name)
	case !res.allows(q.r.Method):
		q.w.Header().Set("Allow", strings.Trim(res.method+", "+res.also, ", "))
		return refusef(http.StatusMethodNotAllowed, "%s is not for %s", q.name, q.r.Method)
	}
	if err := in.admit(q, res); err != nil {
		return err
	}
	if res.bare {
		return res.serve(in, q)
	}
	if res.body && q.r.Method == http.MethodPost {
		leave, err := enter(in.bodies, "Bodies")
		if err != nil {
			return err
		}
		defer leave()
		if q.body, err = in.body(q); err != nil {
			return err
		}
	}
	return in.source.use(q.r.Context(), func(db database) error {
		q.db = db
		return res.serve(in, q)
	})
}

func (res resource) allows(method string) bool {
	return method == res.method || method == res.also || method == http.MethodHead && res.method == http.MethodGet
}
