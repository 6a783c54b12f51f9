// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"errors"
	"image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// fonts are the faces that a picture needs, made when they are first used.
type fonts struct{ faces map[faceKey]font.Face }

type faceKey struct {
	style picture.Style
	size  float64
}

// face returns a face of the Go fonts.
func (f *fonts) face(style picture.Style, size float64) (font.Face, error) {
	key := faceKey{style & (picture.Bold | picture.Mono), size}
	if face := f.faces[key]; face != nil {
		return face, nil
	}
	data := goregular.TTF
	switch {
	case style&picture.Mono != 0:
		data = gomono.TTF
	case style&picture.Bold != 0:
		data = gobold.TTF
	}
	parsed, err := opentype.Parse(data)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, err
	}
	if f.faces == nil {
		f.faces = make(map[faceKey]font.Face)
	}
	f.faces[key] = face
	return face, nil
}

func (f *fonts) close() error {
	var errs []error
	for _, face := range f.faces {
		errs = append(errs, face.Close())
	}
	return errors.Join(errs...)
}

// text draws a text.
func (c *canvas) text(it *picture.Item) error {
	face, err := c.fonts.face(it.Style, it.Size*c.scale)
	if err != nil {
		return err
	}
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(c.color(it.Fill)), Face: face}
	x := fixed.Int26_6(it.X * c.scale * 64)
	switch width := d.MeasureString(it.Text); it.Anchor {
	case picture.Middle:
		x -= width / 2
	case picture.End:
		x -= width
	}
	d.Dot = fixed.Point26_6{X: x, Y: fixed.Int26_6(it.Y * c.scale * 64)}
	d.DrawString(it.Text)
	return nil
}
