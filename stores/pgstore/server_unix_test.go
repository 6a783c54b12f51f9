// SPDX-License-Identifier: Apache-2.0

//go:build unix

package pgstore

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// PostgreSQL refuses to run as root, so that the tests of root run it as one of these.
var unprivileged = []string{"postgres", "nobody"}

func lowUser() (uid, gid int, found bool) {
	for _, name := range unprivileged {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil {
			return uid, gid, true
		}
	}
	return 0, 0, false
}

// give makes a folder the server's.
func (s *server) give(dir string) string {
	if os.Geteuid() != 0 {
		return ""
	}
	uid, gid, found := lowUser()
	if !found {
		return "the tests run as root, and there is no other user to run PostgreSQL as"
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return err.Error()
	}
	return ""
}

// lower lets a command run as the server's user.
func (s *server) lower(cmd *exec.Cmd) {
	cmd.Dir = s.dir
	if os.Geteuid() != 0 {
		return
	}
	uid, gid, _ := lowUser()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
