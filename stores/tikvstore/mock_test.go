// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tikv/client-go/v2/testutils"
	"github.com/tikv/client-go/v2/tikv"
	"github.com/tikv/client-go/v2/tikvrpc"
	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/store"
)

// TestMain fails if the tests leave goroutines, except those that TiKV's mock never ends.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		err := goleak.Find(
			goleak.IgnoreTopFunction("github.com/pingcap/goleveldb/leveldb.(*DB).mpoolDrain"),
			goleak.IgnoreTopFunction("github.com/tikv/client-go/v2/txnkv/transaction.keepAlive"), // it looks every few seconds whether to end
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// cluster is a mock of TiKV. Stores that are opened on it see the same rows.
type cluster struct {
	mu     sync.Mutex
	client *testutils.MockClient
	pd     func() (*tikv.KVStore, error)
	wrap   func(tikv.Client) tikv.Client
	safe   tikv.SafePointKV // what the etcd of a cluster is
	opened atomic.Int64
}

// coded is a client that encodes and decodes, as the one for servers does.
type coded struct {
	tikv.Client
	codec tikv.Codec
}

func (c coded) SendRequest(ctx context.Context, addr string, req *tikvrpc.Request, timeout time.Duration) (*tikvrpc.Response, error) {
	encoded, err := c.codec.EncodeRequest(req)
	if err != nil {
		return nil, err
	}
	resp, err := c.Client.SendRequest(ctx, addr, encoded, timeout)
	if err != nil {
		return nil, err
	}
	return c.codec.DecodeResponse(encoded, resp)
}

// lasting is a mock's client, which one of several stores must not close. The client of TiKV resolves locks on the
// side, even after its end, and a mock that has ended does not bear calls: they fail here.
type lasting struct {
	tikv.Client
	end *end
}

type end struct {
	sync.RWMutex
	ended bool
}

func (lasting) Close() error { return nil }

func (l lasting) SendRequest(ctx context.Context, addr string, req *tikvrpc.Request, timeout time.Duration) (*tikvrpc.Response, error) {
	l.end.RLock()
	defer l.end.RUnlock()
	if l.end.ended {
		return nil, errors.New("the mock has ended")
	}
	return l.Client.SendRequest(ctx, addr, req, timeout)
}

func newCluster(t *testing.T, regions ...[]byte) *cluster {
	t.Helper()
	client, mock, pd, err := testutils.NewMockTiKV("", nil)
	if err != nil {
		t.Fatal(err)
	}
	testutils.BootstrapWithMultiRegions(mock, regions...)
	c, over := &cluster{client: client, safe: tikv.NewMockSafePointKV()}, new(end)
	c.pd = func() (*tikv.KVStore, error) {
		var wrapped tikv.Client = lasting{client, over}
		if c.wrap != nil {
			wrapped = c.wrap(wrapped)
		}
		codec := tikv.NewCodecPDClient(tikv.ModeTxn, pd)
		return tikv.NewKVStore(fmt.Sprint("mock-", c.opened.Add(1)), codec, c.safe, coded{wrapped, codec.GetCodec()})
	}
	t.Cleanup(func() {
		over.Lock()
		defer over.Unlock()
		over.ended = true
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// open opens the store of a name on the cluster.
func (c *cluster) open(name string, s store.Settings) (store.Store, error) {
	u, err := url.Parse("tikv://mock/" + name)
	if err != nil {
		return nil, err
	}
	o, err := parse(u, s)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	kv, err := c.pd()
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	d, err := newDB(context.Background(), kv, o)
	if err != nil {
		_ = kv.Close()
		return nil, err
	}
	return d, nil
}

// opener returns what storetest opens a store with.
func opener(writers string) func(t *testing.T) func() (store.Store, error) {
	return func(t *testing.T) func() (store.Store, error) {
		c := newCluster(t, []byte("kkv\x00b"), []byte("kkv\x00k"))
		return func() (store.Store, error) { return c.open("kv?writers="+writers, store.Settings{Create: true}) }
	}
}
