// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"database/sql"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// sqliteDialect tells gorm how to speak to SQLite through modernc.org/sqlite.
// gorm's own dialect always links the C driver as well, which then is compiled,
// never used, and cannot be left out where a C compiler is present; see
// docs/decisions.
type sqliteDialect struct{ db *sql.DB }

var _ gorm.Dialector = sqliteDialect{}

// Name is the driver's name.
func (sqliteDialect) Name() string { return SQLite }

// Initialize registers the plain statements; gorm's default clauses are those
// that SQLite understands.
func (d sqliteDialect) Initialize(db *gorm.DB) error {
	db.ConnPool = d.db
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{})
	return nil
}

// Migrator is nil: the schema comes from the migrations and from nowhere else.
func (sqliteDialect) Migrator(*gorm.DB) gorm.Migrator { return nil }

// DataTypeOf is asked when gorm makes tables, which it does not do here.
func (sqliteDialect) DataTypeOf(field *schema.Field) string { return string(field.DataType) }

// DefaultValueOf has the database choose the value, as for the id of an event.
func (sqliteDialect) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

// BindVarTo writes a placeholder.
func (sqliteDialect) BindVarTo(writer clause.Writer, _ *gorm.Statement, _ any) {
	_ = writer.WriteByte('?')
}

// QuoteTo writes a name of our own, which holds no quotes, with or without its
// table.
func (sqliteDialect) QuoteTo(writer clause.Writer, name string) {
	_, _ = writer.WriteString("`" + strings.ReplaceAll(name, ".", "`.`") + "`")
}

// Explain writes a statement for people.
func (sqliteDialect) Explain(statement string, values ...any) string {
	return logger.ExplainSQL(statement, nil, `'`, values...)
}
