// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// TestMain ends the server that the tests have started, and fails if a goroutine is left.
func TestMain(m *testing.M) {
	code := m.Run()
	shared.stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// shared is the server that most tests use. Each uses tables of its own.
var shared server

// server is a PostgreSQL in a folder of its own, with a socket there.
type server struct {
	once sync.Once
	dir  string
	why  string // it cannot be started
	life io.WriteCloser
	// settings are those of the server besides the ones of all tests.
	settings []string
	cmd      *exec.Cmd
}

// binaries are the folders where Debian and others keep the programs of PostgreSQL, newest first.
func binaries() []string {
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	return dirs
}

// program finds a program of PostgreSQL: on the path, or where it is installed.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range binaries() {
		if path := filepath.Join(dir, name); exec.Command(path, "--version").Run() == nil {
			return path
		}
	}
	return ""
}

// start starts the server, or skips the test.
func (s *server) start(t testing.TB) {
	t.Helper()
	s.once.Do(func() { s.why = s.launch() })
	if s.why != "" {
		t.Skip(s.why)
	}
}

func (s *server) launch() string {
	if runtime.GOOS == "windows" {
		return "the test starts PostgreSQL with a shell"
	}
	initdb, postgres := program("initdb"), program("postgres")
	if initdb == "" || postgres == "" {
		return "no PostgreSQL: neither on the path nor in /usr/lib/postgresql"
	}
	dir, err := os.MkdirTemp("", "lsmlite-pg") // short: a socket's path has 107 bytes at most
	if err != nil {
		return err.Error()
	}
	s.dir = dir
	data := filepath.Join(dir, "data")
	if why := s.give(dir); why != "" {
		return why
	}
	cmd := exec.Command(initdb, "-D", data, "-U", "tester", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
	s.lower(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("initdb: %v: %s", err, out)
	}
	return s.run(postgres)
}

// script runs the server. Each line of its input is a signal that ends the server, which then starts again. At the end
// of its input, that is also when the test is killed, it ends the server and removes the folder.
const script = `
"$@" >>"$DIR/log" 2>&1 & p=$!
while read signal; do
	kill -$signal $p; wait $p
	"$@" >>"$DIR/log" 2>&1 & p=$!
done
kill -INT $p
(sleep 10; kill -QUIT $p) 2>/dev/null & guard=$!
wait $p
kill $guard
rm -rf "$DIR"`

// run starts the server process.
func (s *server) run(postgres string) string {
	s.cmd = exec.Command("sh", append([]string{"-c", script, "sh", postgres, "-D", filepath.Join(s.dir, "data"), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=120", "-c", "shared_buffers=64MB",
		"-c", "autovacuum=off", "-c", "max_wal_size=4GB", "-c", "logging_collector=off"}, s.settings...)...)
	s.cmd.Env = append(os.Environ(), "DIR="+s.dir)
	s.lower(s.cmd)
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return err.Error()
	}
	if err := s.cmd.Start(); err != nil {
		return err.Error()
	}
	s.life = stdin
	if err := s.up(""); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Sprintf("PostgreSQL does not start: %v\n%s", err, log)
	}
	return ""
}

// up waits until the server answers that began at another time than before.
func (s *server) up(before string) error {
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		since, err := s.since()
		if err == nil && since != before || time.Since(begun) > 30*time.Second {
			return err
		}
	}
}

// since is when the server began.
func (s *server) since() (since string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url("", nil))
	if err != nil {
		return "", err
	}
	err = c.QueryRow(ctx, `SELECT pg_postmaster_start_time()::text`).Scan(&since)
	if closed := c.Close(ctx); err == nil {
		err = closed
	}
	return since, err
}

// restart ends the server without a word to its clients' programs, and starts it again.
func (s *server) restart(t *testing.T, signal string) {
	t.Helper()
	before, err := s.since()
	ok(t, err)
	_, err = io.WriteString(s.life, signal+"\n")
	ok(t, err)
	ok(t, s.up(before))
}

func (s *server) stop() {
	if s.life != nil {
		s.life.Close()
		_ = s.cmd.Wait()
	} else if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// socket is where the server listens.
func (s *server) socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// url is the name of a store in the server. values change its parameters.
func (s *server) url(table string, values map[string]string) string {
	q := url.Values{"host": {s.dir}}
	if table != "" {
		q.Set("table", table)
	}
	for k, v := range values {
		q.Set(k, v)
	}
	return "postgres://tester@/postgres?" + q.Encode()
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var tables atomic.Int64

// table is the name of a table that no other test has.
func table(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(t.Name()))
	return fmt.Sprintf("%.30s%d", name, tables.Add(1))
}
