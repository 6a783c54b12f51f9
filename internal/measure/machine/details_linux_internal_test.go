// SPDX-License-Identifier: Apache-2.0

//go:build linux

package machine

import "testing"

// TestNoOtherMachine: file systems of other machines are named without them.
func TestNoOtherMachine(t *testing.T) {
	for _, c := range []struct{ kind, device, want string }{
		{"ext4", "/dev/sda1", "ext4 on /dev/sda1"},
		{"tmpfs", "tmpfs", "tmpfs on tmpfs"},
		{"nfs4", "store.example:/home", "nfs4"},
		{"cifs", "//store.example/home", "cifs"},
	} {
		if got := onDevice(c.kind, c.device); got != c.want {
			t.Errorf("%s on %s is %q, want %q", c.kind, c.device, got, c.want)
		}
	}
}
