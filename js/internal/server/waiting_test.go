// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// What waits for the writer's turn gives up after busy_timeout, whatever it is, and says what is in the way.
func TestWaitsHaveALimit(t *testing.T) {
	for _, timeout := range []string{"0", "20"} {
		c := start(t, "busy_timeout", timeout)
		tx := c.must(opBegin).U32()
		c.put(tx, "a", "1")
		requests := map[string]func() error{
			"checkpoint": func() error { _, err := c.call(opCheckpoint); return err },
		}
		for _, sql := range []string{"PRAGMA flush", "PRAGMA optimize", "SELECT 1; pragma FLUSH"} {
			for how, op := range map[string]byte{" to execute": opExec, " to query": opQuery} {
				requests[sql+how] = func() error { _, err := c.call(op, u32(0), text(sql), args()); return err }
			}
		}
		for name, do := range requests {
			err, _ := do().(*failure)
			if err == nil || err.kind != "busy" || !strings.Contains(err.text, "writer's turn") || strings.Contains(err.text, "context") {
				t.Errorf("%s, busy_timeout %s: %v", name, timeout, err)
			}
		}
		c.must(opBackup, noKey, text(""))
		c.must(opCommit, u32(tx))
		c.must(opCheckpoint)
		c.must(opExec, u32(0), text("PRAGMA optimize"), args())
	}
}

// What waits for work on the file has the same limit.
func TestWaitsForWorkHaveALimit(t *testing.T) {
	fsys := faultfs.Wrap(memfs.New())
	c := connect(t, fsys)
	key := func(secret string) part {
		return func(w *wire.Writer) {
			w.Byte(1)
			w.Text(strings.Repeat(secret, 32))
		}
	}
	c.must(opOpen, text("/my.lsm"), key("k"), pairs("busy_timeout", "20"))
	c.put(0, "a", "1")
	added := c.must(opAddKey, key("l")).Text()

	syncing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	fsys.OnOp(func(op faultfs.Op) {
		if op.Kind == faultfs.Sync {
			once.Do(func() { close(syncing) })
			<-goOn
		}
	})
	_, first := c.send(opCheckpoint)
	<-syncing
	for name, do := range map[string]func() error{
		"checkpoint": func() error { _, err := c.call(opCheckpoint); return err },
		"add key":    func() error { _, err := c.call(opAddKey, key("m")); return err },
		"remove key": func() error { _, err := c.call(opRemoveKey, text(added)); return err },
		"PRAGMA":     func() error { _, err := c.call(opExec, u32(0), text("PRAGMA checkpoint"), args()); return err },
	} {
		err, _ := do().(*failure)
		if err == nil || err.kind != "busy" || !strings.Contains(err.text, "other work") || strings.Contains(err.text, "context") {
			t.Errorf("%s: %v", name, err)
		}
	}
	close(goOn)
	if _, err := c.wait(first); err != nil {
		t.Errorf("the checkpoint that was waited for: %v", err)
	}
	c.must(opAddKey, key("m"))
	c.must(opClose)
}
