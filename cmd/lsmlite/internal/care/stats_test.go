// SPDX-License-Identifier: Apache-2.0

package care

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestStatFields holds that the table shows every number of Stats, each under one name, which is that of
// package inspect.
func TestStatFields(t *testing.T) {
	names := map[string]bool{}
	for _, f := range statFields {
		if names[f.name] || f.means == "" {
			t.Errorf("%s is there twice, or has no meaning", f.name)
		}
		names[f.name] = true
	}
	raw, err := wire.Marshal(engine.Stats{})
	ok(t, err)
	var served map[string]any
	ok(t, json.Unmarshal(raw, &served))
	for name := range served {
		if !names[name] {
			t.Errorf("package inspect serves %s, which the command does not know by this name", name)
		}
	}
	typ := reflect.TypeFor[engine.Stats]()
	for i := range typ.NumField() {
		var s engine.Stats
		switch v := reflect.ValueOf(&s).Elem().Field(i); v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Float64:
			v.SetFloat(1)
		default:
			v.SetInt(1)
		}
		shown := 0
		for _, f := range statFields {
			if f.value(&s).n != 0 {
				shown++
			}
		}
		if shown != 1 {
			t.Errorf("Stats.%s is shown %d times", typ.Field(i).Name, shown)
		}
	}
}

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		q      quantity
		text   string
		number any
	}{
		{count(12), "12", int64(12)},
		{size(1500), "1.50KB", int64(1500)},
		{lasting(1500e6), "1.5s", 1.5},
		{quantity{2.345, ratio}, "2.35", 2.345},
		{flag(true), "yes", true},
		{flag(false), "no", false},
	} {
		if c.q.String() != c.text || c.q.number() != c.number {
			t.Errorf("%+v: %s, %v", c.q, c.q, c.q.number())
		}
	}
}
