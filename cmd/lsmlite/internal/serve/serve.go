// SPDX-License-Identifier: Apache-2.0

// Package serve has the subcommand that shows a database in a browser: package inspect, metrics, and
// who may connect. Only package app uses it.
package serve

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/prom"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TokenVariable is the environment variable with the token.
const TokenVariable = "LSMLITE_TOKEN"

// closeTime is how long requests that are being answered have to end once the command is stopped.
const closeTime = 2 * time.Second

// Limits of connections.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
)

// Serve shows a database in a browser, and to other programs.
type Serve struct {
	env.Settings
	File   string   `arg:"" help:"Database file."`
	Listen string   `default:"localhost:8642" placeholder:"HOST:PORT" help:"Address to listen on (${default}). Port 0 takes a free one."`
	Write  bool     `help:"Let the page and other programs write. Without it the file is opened for reading only."`
	Host   []string `placeholder:"NAME" help:"A further name under which the address may be reached, such as that of a proxy. May be given again."`
}

// Help has examples.
func (Serve) Help() string {
	return env.Help("The page shows keys and values, runs statements, draws the structure of the file and how the database works, checks it and copies it. "+
		"The same resources serve cron, curl and Prometheus (/metrics), and lsmlite --remote.\n\n"+
		"All users of this machine may look, unless the environment variable "+TokenVariable+" has a token of at least 16 bytes. "+
		"With --write, and with an address that other machines reach, there always is one: if the variable is not set, the command makes one and prints it. "+
		"It then prints an address, too, that signs one browser in. The command opens no browser. Ctrl-C closes the database and ends it.",
		"lsmlite serve my.lsm", "lsmlite serve --write --listen localhost:0 my.lsm",
		TokenVariable+"=$(openssl rand -hex 16) lsmlite serve --listen :8642 my.lsm", "lsmlite --remote http://localhost:8642/ stats")
}

// Run serves until ctx ends.
func (s Serve) Run(ctx context.Context, e *env.Env) error {
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	token, err := s.tokenFor(listener)
	if err != nil {
		return err
	}
	access := env.Read
	if s.Write {
		access = env.Write
	}
	cfg, err := s.Config(s.File, access)
	if err != nil {
		return err
	}
	recorder, metrics, registry := inspect.NewRecorder(), prom.New(prom.Options{}), prometheus.NewRegistry()
	if err := registry.Register(metrics); err != nil {
		return err
	}
	cfg.Observer = engine.JoinObservers(recorder.Observer(), metrics.Observer())
	db, err := env.OpenConfig(ctx, cfg)
	if err != nil {
		return err
	}
	handler := inspect.Handler(db.Engine, inspect.Options{
		Write: s.Write, Token: token, Hosts: s.Host, Recorder: recorder,
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	})
	if err := s.announce(e, listener, handler, token); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(run(ctx, e.Stderr, listener, handler), db.Close())
}

func (s Serve) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, env.Errorf(env.Busy, "%w; --listen localhost:0 takes a port that is free", err)
	case err != nil:
		return nil, env.Errorf(env.Usage, "--listen %s: %w", s.Listen, err)
	}
	return listener, nil
}

// tokenFor returns the token that requests need, "" if they need none. Other users of this machine may
// look without one, but not write.
func (s Serve) tokenFor(listener net.Listener) (string, error) {
	token := os.Getenv(TokenVariable)
	switch {
	case token != "" && len(token) < inspect.MinToken:
		return "", env.Errorf(env.Usage, "%s has %d bytes, and a token has at least %d", TokenVariable, len(token), inspect.MinToken)
	case token == "" && (s.Write || !isLoopback(listener.Addr())):
		return rand.Text(), nil
	}
	return token, nil
}

func isLoopback(a net.Addr) bool {
	at, err := netip.ParseAddrPort(a.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// announce prints where the page is, and what it takes to see it.
func (s Serve) announce(e *env.Env, listener net.Listener, handler *inspect.Inspector, token string) error {
	base := "http://" + s.reachableAt(listener.Addr()) + "/"
	page := base
	if token != "" {
		page += "signin?code=" + handler.SignInCode()
	}
	made := ""
	if token != os.Getenv(TokenVariable) {
		made = token
	}
	if e.JSON {
		_, err := fmt.Fprintf(e.Stdout, "{\"page\":%q,\"base\":%q,\"token\":%q}\n", page, base, made)
		return err
	}
	mode := "for reading; --write allows to write"
	if s.Write {
		mode = "for reading and writing"
	}
	line := fmt.Sprintf("%s is shown at %s\n(%s). Ctrl-C ends it.\n", text.Name(s.File), page, mode)
	if token != "" {
		line += "The address signs one browser in, within ten minutes. "
		if made == "" {
			line += "The token is that of " + TokenVariable + ".\n"
		} else {
			line += "Others need the token " + made + "\n"
		}
	}
	_, err := io.WriteString(e.Stdout, line)
	return err
}

// reachableAt is an address for the command line of this machine: a name where one was given.
func (s Serve) reachableAt(a net.Addr) string {
	host, _, err := net.SplitHostPort(s.Listen)
	port := strconv.Itoa(a.(*net.TCPAddr).Port)
	if at, parse := netip.ParseAddr(host); err != nil || host == "" || parse == nil && at.IsUnspecified() {
		name, _ := os.Hostname() // without one it is this machine
		host = cmp.Or(name, "localhost")
	}
	return net.JoinHostPort(host, port)
}

// run serves until ctx ends, and returns when nothing is being answered any more.
func run(ctx context.Context, stderr io.Writer, listener net.Listener, handler http.Handler) error {
	requests, end := context.WithCancel(context.Background())
	defer end()
	active := &counted{handler: handler}
	server := &http.Server{
		Handler: active, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: log.New(stderr, "lsmlite: ", 0), BaseContext: func(net.Listener) context.Context { return requests },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Checks and copies of any length end here; short answers are finished.
	end()
	wait, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := server.Shutdown(wait)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // which ends what still waits for a client
	}
	<-served
	active.wait(closeTime)
	return err
}

// counted knows how many requests are being answered: a server that is closed does not wait for them,
// and the database can only be closed after them.
type counted struct {
	handler http.Handler
	n       atomic.Int64
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.n.Add(1)
	defer c.n.Add(-1)
	c.handler.ServeHTTP(w, r)
}

func (c *counted) wait(most time.Duration) {
	for end := time.Now().Add(most); c.n.Load() > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
}
