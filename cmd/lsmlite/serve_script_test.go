// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freePort is a command of the scripts: port NAME puts a free port of loopback into a variable.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// reach is a command of the scripts: reach URL TEXT waits until a server answers, and wants a text
// in the answer.
func reach(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reach URL TEXT")
	}
	for range 500 {
		response, err := http.Get(args[0])
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		ts.Check(err)
		if !strings.Contains(string(body), args[1]) {
			ts.Fatalf("%s answers %s:\n%s", args[0], response.Status, body)
		}
		return
	}
	ts.Fatalf("%s does not answer", args[0])
}
