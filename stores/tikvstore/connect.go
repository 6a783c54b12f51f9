// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/tikv/client-go/v2/config"
	"github.com/tikv/client-go/v2/tikv"
	pd "github.com/tikv/pd/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// openLimit is how long it may take to reach the placement drivers, whatever the context allows: TiKV's client goes
// on trying for minutes.
const openLimit = 30 * time.Second

// connect makes a client. The one that the client's package makes by itself takes no context, and what it has begun
// cannot be ended if no placement driver answers; so one of them must answer first.
func connect(ctx context.Context, o options) (*tikv.KVStore, error) {
	limited, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	kv, err := dial(limited, o)
	switch {
	case err == nil:
		return kv, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: o.shown, Err: err}
}

func dial(ctx context.Context, o options) (*tikv.KVStore, error) {
	if err := reach(ctx, o.pd); err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	late := context.AfterFunc(ctx, end)
	kv, err := newClient(life, o.pd)
	if !late() && err == nil { // the context has ended meanwhile
		_ = kv.Close()
		err = ctx.Err()
	}
	if err != nil {
		end()
	}
	return kv, err
}

// reach finds out whether any of the placement drivers accepts connections.
func reach(ctx context.Context, addresses []string) error {
	var d net.Dialer
	var all error
	for _, address := range addresses {
		c, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		all = errors.Join(all, err)
	}
	return all
}

// newClient makes a client that ends with life, as the function NewClient of package txnkv does.
func newClient(life context.Context, addresses []string) (*tikv.KVStore, error) {
	cfg := config.GetGlobalConfig()
	tls, err := cfg.Security.ToTLSConfig()
	if err != nil {
		return nil, err
	}
	drivers, err := pd.NewClientWithContext(life, addresses,
		pd.SecurityOption{CAPath: cfg.Security.ClusterSSLCA, CertPath: cfg.Security.ClusterSSLCert, KeyPath: cfg.Security.ClusterSSLKey},
		pd.WithGRPCDialOptions(grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:    time.Duration(cfg.TiKVClient.GrpcKeepAliveTime) * time.Second,
			Timeout: time.Duration(cfg.TiKVClient.GrpcKeepAliveTimeout) * time.Second,
		})),
		pd.WithCustomTimeoutOption(time.Duration(cfg.PDClient.PDServerTimeout)*time.Second),
		pd.WithForwardingOption(cfg.EnableForwarding))
	if err != nil {
		return nil, err
	}
	safe, err := tikv.NewEtcdSafePointKV(addresses, tls)
	if err != nil {
		drivers.Close()
		return nil, err
	}
	codec := tikv.NewCodecPDClient(tikv.ModeTxn, drivers)
	rpc := tikv.NewRPCClient(tikv.WithSecurity(cfg.Security), tikv.WithCodec(codec.GetCodec()))
	kv, err := tikv.NewKVStore(fmt.Sprintf("tikv-%d", codec.GetClusterID(life)), codec, safe, rpc)
	if err != nil {
		codec.Close()
		return nil, errors.Join(err, safe.Close(), rpc.Close())
	}
	return kv, nil
}
