// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Environment variables that name the driver binaries. The second one is a
// build of C lsm1 with its assertions on; it is optional.
const (
	EnvBinary      = "LSMLITE_ORACLE"
	EnvDebugBinary = "LSMLITE_ORACLE_DEBUG"
)

// ErrDead is returned, wrapped, by every call on a client whose process has
// ended: killed, timed out, or stopped by an assertion of C.
var ErrDead = errors.New("oracle process ended")

// A CodeError is an error code that C lsm1 returned.
type CodeError int

// Codes of lsm1 that callers branch on.
const (
	CodeBusy     CodeError = 5
	CodeReadOnly CodeError = 8
	CodeCorrupt  CodeError = 11
	CodeProtocol CodeError = 15
	CodeMisuse   CodeError = 21
	CodeMismatch CodeError = 50
)

// Error names the code.
func (c CodeError) Error() string { return "lsm1 error code " + strconv.Itoa(int(c)) }

// DefaultTimeout is how long a command may take before the process is killed.
// It lies above the driver's own watchdog of 60 seconds.
const DefaultTimeout = 75 * time.Second

// A Client is one C lsm1 process with at most one open database.
// One goroutine uses it at a time; only Kill may be called from another.
type Client struct {
	// Timeout bounds each command. Zero means DefaultTimeout.
	Timeout time.Duration

	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tailBuffer
	ended  bool
}

// Start runs the driver. The caller ends it with Close or Kill.
func Start(binary string) (*Client, error) {
	c := &Client{cmd: exec.Command(binary)}
	c.cmd.Stderr = &c.stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	c.in, c.out = in, bufio.NewReaderSize(out, 1<<16)
	return c, nil
}

// Kill ends the process at once, as a crash would (SIGKILL). It is safe to
// call at any time, more than once, and while a command runs.
func (c *Client) Kill() { _ = c.cmd.Process.Kill() }

// Close closes the database, if one is open, and ends the process.
func (c *Client) Close() error {
	if c.ended {
		return nil
	}
	err := c.CloseDB()
	if errors.Is(err, CodeMisuse) {
		err = nil // no database is open
	}
	c.end()
	return err
}

// Abandon ends the process without closing the database, as a crash would,
// but between two commands.
func (c *Client) Abandon() {
	c.Kill()
	c.end()
}

// end reaps the process and returns what it said on its standard error.
func (c *Client) end() string {
	if !c.ended {
		c.ended = true
		_ = c.in.Close()
		_ = c.cmd.Wait()
	}
	return strings.TrimSpace(c.stderr.String())
}

// call sends one command and returns the lines of the reply, the final one
// last. An "err" reply becomes a CodeError.
func (c *Client) call(words ...string) ([]string, error) {
	if c.ended {
		return nil, fmt.Errorf("oracle %s: %w", words[0], ErrDead)
	}
	limit := c.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	timer := time.AfterFunc(limit, c.Kill)
	defer timer.Stop()
	if _, err := io.WriteString(c.in, strings.Join(words, " ")+"\n"); err != nil {
		return nil, fmt.Errorf("oracle %s: %w: %s", words[0], ErrDead, c.end())
	}
	var lines []string
	for {
		line, err := c.out.ReadString('\n')
		if err != nil {
			return lines, fmt.Errorf("oracle %s: %w: %s", words[0], ErrDead, c.end())
		}
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, line)
		switch first, rest, _ := strings.Cut(line, " "); first {
		case "ok", "none", "val", "at", "end", "hash":
			return lines, nil
		case "err":
			code, _ := strconv.Atoi(rest)
			err := fmt.Errorf("oracle %s: %w", words[0], CodeError(code))
			if len(lines) > 1 {
				err = fmt.Errorf("%w: %s", err, strings.Join(lines[:len(lines)-1], "; "))
			}
			return lines, err
		}
	}
}

// do is call for commands that answer only ok.
func (c *Client) do(words ...string) error {
	_, err := c.call(words...)
	return err
}

// encode writes a byte string as the driver wants it.
func encode(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	return hex.EncodeToString(b)
}

// decode is the reverse of encode.
func decode(s string) ([]byte, error) {
	if s == "-" {
		return []byte{}, nil
	}
	return hex.DecodeString(s)
}

// tailBuffer keeps the last part of what is written to it. The copying
// goroutine of os/exec writes while a caller may read.
type tailBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if n := t.buf.Len(); n > 1<<14 {
		t.buf.Next(n - 1<<14)
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// Binary returns the path of the driver, or false if the environment does not
// name one.
func Binary() (string, bool) {
	p := os.Getenv(EnvBinary)
	return p, p != ""
}

// DebugBinary returns the path of the driver with C's assertions on, or false
// if the environment does not name one.
func DebugBinary() (string, bool) {
	p := os.Getenv(EnvDebugBinary)
	return p, p != ""
}
