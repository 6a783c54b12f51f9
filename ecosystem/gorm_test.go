// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
)

// gormDialector is gorm's dialect for models that live in kv.
type gormDialector struct{ db *sql.DB }

func (gormDialector) Name() string { return "lsmlite" }

func (d gormDialector) Initialize(g *gorm.DB) error {
	g.ConnPool = d.db
	callbacks.RegisterDefaultCallbacks(g, &callbacks.Config{})
	return nil
}

func (d gormDialector) Migrator(g *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: g, Dialector: d}}
}

func (gormDialector) DataTypeOf(*schema.Field) string { return "BLOB" }

func (gormDialector) DefaultValueOf(*schema.Field) clause.Expression { return clause.Expr{SQL: "''"} }

func (gormDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (gormDialector) QuoteTo(w clause.Writer, name string) {
	_, _ = w.WriteString(`"` + strings.ReplaceAll(name, ".", `"."`) + `"`)
}

func (gormDialector) Explain(sql string, args ...any) string {
	return logger.ExplainSQL(sql, nil, "'", args...)
}

// SavePoint and RollbackTo are what nested transactions take.
func (gormDialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

func (gormDialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO " + name).Error
}

// gormRow is the one model there can be.
type gormRow struct {
	Key   string `gorm:"primaryKey"`
	Value string
}

func (gormRow) TableName() string { return "kv" }

func openGorm(t *testing.T) *gorm.DB {
	t.Helper()
	g, err := gorm.Open(gormDialector{open(t, newFile(t))}, &gorm.Config{Logger: logger.Discard})
	must(t, err)
	return g
}

// With a dialect of its own, gorm works on a model of key and value.
func TestGorm(t *testing.T) {
	g := openGorm(t)
	must(t, g.Create(&gormRow{"user/1", "Ada"}).Error)
	must(t, g.Create([]gormRow{{"user/2", "Grace"}, {"user/3", "Barbara"}}).Error)
	must(t, g.Save(&gormRow{"user/1", "Augusta"}).Error)

	var one gormRow
	must(t, g.First(&one, "key = ?", "user/1").Error)
	equal(t, "First", one, gormRow{"user/1", "Augusta"})
	if err := g.Take(&gormRow{}, "key = ?", "nobody").Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("a missing key: error %v", err)
	}
	var some []gormRow
	must(t, g.Where("key > ?", "user/1").Order("key desc").Limit(1).Find(&some).Error)
	equal(t, "rows found", len(some), 1)
	equal(t, "the last", some[0], gormRow{"user/3", "Barbara"})
	var n int64
	must(t, g.Model(&gormRow{}).Count(&n).Error)
	equal(t, "Count", n, 3)

	must(t, g.Model(&gormRow{Key: "user/2"}).Update("value", "Grace Hopper").Error)
	must(t, g.Delete(&gormRow{Key: "user/3"}).Error)
	undo := errors.New("undo")
	must(t, g.Transaction(func(tx *gorm.DB) error {
		must(t, tx.Create(&gormRow{"user/4", "Hedy"}).Error)
		err := tx.Transaction(func(tx *gorm.DB) error {
			must(t, tx.Create(&gormRow{"user/5", "Radia"}).Error)
			return undo
		})
		if !errors.Is(err, undo) {
			t.Errorf("the nested transaction: error %v", err)
		}
		return nil
	}))
	var all []gormRow
	must(t, g.Find(&all).Error)
	equal(t, "rows left", len(all), 3)
	equal(t, "after Update", all[1], gormRow{"user/2", "Grace Hopper"})
	equal(t, "after the transaction", all[2], gormRow{"user/4", "Hedy"})
}

// Other models and the Migrator are refused with an error that says why.
func TestGormRefused(t *testing.T) {
	type user struct {
		ID   uint
		Name string
	}
	g := openGorm(t)
	for what, err := range map[string]error{
		"AutoMigrate": g.AutoMigrate(&user{}),
		"Create":      g.Create(&user{Name: "Ada"}).Error,
		"Find":        g.Find(&[]user{}).Error,
	} {
		if err == nil || !strings.Contains(err.Error(), "syntax error") {
			t.Errorf("%s of a model with a table of its own: error %v", what, err)
		}
	}
}
