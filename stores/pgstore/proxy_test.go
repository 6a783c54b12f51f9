// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// how a proxy cuts a connection.
type how int

const (
	// cutBefore closes both sides in place of the message.
	cutBefore how = iota
	// cutAfter closes both sides when the server has the message, and lets no answer through.
	cutAfter
	// cutAnswer lets the server answer, and closes both sides in place of the answer.
	cutAnswer
	// cutClient closes the client's side in place of the message, and leaves the server waiting.
	cutClient
)

// proxy stands between a store and the server. It counts the messages of clients, of all connections, and cuts the
// connection at one of them.
type proxy struct {
	l      net.Listener
	server string

	mu      sync.Mutex
	at      int // the message at which it cuts; 0 for never
	how     how
	count   int
	cut     bool
	refuse  bool // no new connections after the cut
	refused bool
	conns   []net.Conn
	wg      sync.WaitGroup

	cancels  atomic.Int64 // requests to cancel a statement
	answered atomic.Int64 // bytes from the server
	answers  sync.RWMutex // who holds it keeps answers back
}

func newProxy(t testing.TB, server string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	p := &proxy{l: l, server: server}
	p.wg.Add(1)
	go p.accept()
	t.Cleanup(func() {
		l.Close()
		p.lose()
		p.wg.Wait()
	})
	return p
}

// url is the name of a store that goes through the proxy.
func (p *proxy) url(table string) string {
	return "postgres://tester@" + p.l.Addr().String() + "/postgres?sslmode=disable&table=" + table
}

// arm makes the proxy cut at the n-th message from now on.
func (p *proxy) arm(n int, h how, refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.how, p.count, p.cut, p.refuse, p.refused = n, h, 0, false, refuse, false
}

// disarm ends that, and reports whether the proxy has cut.
func (p *proxy) disarm() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.refused = 0, false
	return p.cut
}

// lose closes all connections.
func (p *proxy) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

func (p *proxy) accept() {
	defer p.wg.Done()
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refused := p.refused
		p.mu.Unlock()
		server, err := net.Dial("unix", p.server)
		if err != nil || refused {
			client.Close()
			if err == nil {
				server.Close()
			}
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		l := &link{p: p, client: client, server: server}
		p.wg.Add(2)
		go l.up()
		go l.down()
	}
}

// link is one connection.
type link struct {
	p              *proxy
	client, server net.Conn
	mu             sync.Mutex
	silent         bool // no answer goes through
	hangUp         bool // the next answer ends it
}

// step decides what happens to a message of the client's.
func (p *proxy) step() (h how, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	if p.at == 0 || p.count != p.at {
		return 0, false
	}
	p.cut, p.refused = true, p.refuse
	return p.how, true
}

// cancelRequest is what stands in the place of a version in a request to cancel.
const cancelRequest = 1234<<16 | 5678

// up carries messages to the server. The first one of a connection has no type.
func (l *link) up() {
	defer l.p.wg.Done()
	first := true
	for {
		message, err := readMessage(l.client, first)
		if err != nil {
			l.close()
			return
		}
		if first {
			first = false
			if len(message) >= 8 && binary.BigEndian.Uint32(message[4:]) == cancelRequest {
				l.p.cancels.Add(1)
			}
			if _, err := l.server.Write(message); err != nil {
				l.close()
				return
			}
			continue
		}
		h, cut := l.p.step()
		if !cut {
			if _, err := l.server.Write(message); err != nil {
				l.close()
				return
			}
			continue
		}
		switch h {
		case cutBefore:
			l.close()
			return
		case cutAfter:
			l.mu.Lock()
			l.silent = true
			l.mu.Unlock()
			_, _ = l.server.Write(message)
			l.close()
			return
		case cutClient:
			l.client.Close()
			return
		case cutAnswer:
			l.mu.Lock()
			l.hangUp = true
			l.mu.Unlock()
			if _, err := l.server.Write(message); err != nil {
				l.close()
				return
			}
		}
	}
}

// down carries answers to the client.
func (l *link) down() {
	defer l.p.wg.Done()
	buf := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(buf)
		l.p.answers.RLock() // waits while answers are held back
		l.p.answered.Add(int64(n))
		l.p.answers.RUnlock()
		l.mu.Lock()
		silent, hangUp := l.silent, l.hangUp
		l.mu.Unlock()
		if hangUp {
			l.close()
		}
		if n > 0 && !silent && !hangUp {
			if _, err := l.client.Write(buf[:n]); err != nil && !errors.Is(err, net.ErrClosed) {
				l.close()
			}
		}
		if err != nil {
			l.client.Close()
			return
		}
	}
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

func readMessage(r io.Reader, first bool) ([]byte, error) {
	header := make([]byte, 5)
	if first {
		header = header[:4]
	}
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[len(header)-4:])
	if n < 4 || n > 64<<20 {
		return nil, errors.New("no message")
	}
	message := append(header, make([]byte, n-4)...)
	_, err := io.ReadFull(r, message[len(header):])
	return message, err
}
