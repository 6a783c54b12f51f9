// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// socket is what lies under a connection. When a read fails, pgx sends the server a request to cancel the statement, on
// a second connection. Where this package ends the connection by itself there is nothing to cancel: the server notices,
// and some poolers do not get over such a request. Then the socket names an address that leads nowhere.
type socket struct {
	net.Conn
	ended atomic.Bool
}

// nowhere is the address of a socket that was ended. errNowhere is what dialling it gives.
type nowhere struct{}

var errNowhere = errors.New("the connection was ended here")

func (nowhere) Network() string { return "nowhere" }
func (nowhere) String() string  { return "nowhere" }

// RemoteAddr implements net.Conn.
func (s *socket) RemoteAddr() net.Addr {
	if s.ended.Load() {
		return nowhere{}
	}
	return s.Conn.RemoteAddr()
}

// end closes the socket without a word to the server, from any goroutine.
func (s *socket) end() {
	s.ended.Store(true)
	_ = s.Conn.Close() // there is nothing to learn from it
}

// sockets makes dial return sockets.
func sockets(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == (nowhere{}).Network() {
			return nil, errNowhere
		}
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &socket{Conn: c}, nil
	}
}

// socketOf is the socket under a connection, also under TLS.
func socketOf(c *pgxpool.Conn) *socket {
	under := c.Conn().PgConn().Conn()
	if secure, is := under.(*tls.Conn); is {
		under = secure.NetConn()
	}
	s, _ := under.(*socket)
	return s
}

// closeNow closes a connection without a word to the server, which may not answer, and without a second connection.
func closeNow(c *pgxpool.Conn) {
	socketOf(c).end()
	ctx, cancel := context.WithCancel(context.Background()) // not ended: pgx would send a request to cancel
	defer cancel()
	_ = c.Conn().Close(ctx) // sends nothing, for there is no socket
}
