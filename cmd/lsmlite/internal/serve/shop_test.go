// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// shop is a database with keys and values of many kinds, and the page that shows it.
type shop struct {
	db   *engine.DB
	page string // its address
	h    *inspect.Inspector
}

// attack is a key and a value that would do something if a page took them as HTML.
const attack = "<img src=x onerror=\"document.title='attacked'\"><script>document.title='attacked'</script>"

func openShop(t *testing.T, o inspect.Options) *shop {
	t.Helper()
	return openShopAs(t, "shop.lsm", o)
}

func openShopAs(t *testing.T, name string, o inspect.Options) *shop {
	t.Helper()
	o.Recorder = inspect.NewRecorder()
	db, err := engine.Open(t.Context(), filepath.Join(t.TempDir(), name), engine.Options{
		Observer: o.Recorder.Observer(), AutoFlush: 1 << 20, BlockSize: 256 << 10})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Update(t.Context(), func(tx *engine.Tx) error { return fill(tx) }))
	must(t, db.Flush(t.Context()))
	s := &shop{db: db, h: inspect.Handler(db, o)}
	mux := http.NewServeMux()
	mux.Handle("/debug/lsmlite/", s.h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.page = server.URL + "/debug/lsmlite/"
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fill(tx *engine.Tx) error {
	rows := map[string][]byte{
		"image/logo.png":   logo(),
		"config/app":       []byte(`{"name":"shop","limits":{"rows":1000,"big":12345678901234567890,"ratio":0.25},"tags":["a","b"],"none":[]}`),
		"\x00\x01\xff":     {0, 1, 2, 0xfe, 0xff},
		"notes/" + attack:  []byte(attack),
		"notes/empty":      {},
		"long/text":        bytes.Repeat([]byte("A text that goes on and on. "), 10_000),
		"page/drawing.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>document.title='attacked'</script></svg>`),
	}
	for i := range 300 {
		rows[fmt.Sprintf("user/%04d", i)] = fmt.Appendf(nil, `{"id":%d,"name":"User %d"}`, i, i)
	}
	for year := range 3 {
		for day := range 40 {
			rows[fmt.Sprintf("log/%d/%02d", 2023+year, day)] = []byte("an entry")
		}
	}
	for key, value := range rows {
		if err := tx.Put([]byte(key), value); err != nil {
			return err
		}
	}
	return nil
}

// logo is an image of logoWidth by 80 pixels.
func logo() []byte {
	m := image.NewRGBA(image.Rect(0, 0, logoWidth, 80))
	for x := range logoWidth {
		for y := range 80 {
			m.Set(x, y, color.RGBA{uint8(x * 2), uint8(y * 3), 120, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

const logoWidth = 120

// load writes and reads until the test ends.
func (s *shop) load(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	go func() {
		defer close(ended)
		rng := rand.New(rand.NewPCG(1, 2))
		value := make([]byte, 400)
		for ctx.Err() == nil {
			err := s.db.Update(ctx, func(tx *engine.Tx) error {
				for range 20 {
					for i := range value {
						value[i] = byte('a' + rng.IntN(26))
					}
					if err := tx.Put(fmt.Appendf(nil, "order/%08d", rng.IntN(200_000)), value); err != nil {
						return err
					}
				}
				return nil
			})
			for range 10 {
				if _, _, e := s.db.Get(nil, fmt.Appendf(nil, "order/%08d", rng.IntN(200_000))); e != nil {
					err = e
				}
			}
			if err != nil && ctx.Err() == nil {
				t.Errorf("load: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Duration(5+rng.IntN(20)) * time.Millisecond):
			}
		}
	}()
}

func (s *shop) value(t *testing.T, key string) (string, bool) {
	t.Helper()
	v, found, err := s.db.Get(nil, []byte(key))
	must(t, err)
	return string(v), found
}
