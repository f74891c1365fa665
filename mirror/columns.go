// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
)

// toJSON writes the value of a JSON column.
func toJSON(value any) (string, error) {
	encoded, err := json.Marshal(value)
	return string(encoded), err
}

// fromJSON reads the value of a JSON column.
func fromJSON(column string, into any) error {
	if err := json.Unmarshal([]byte(column), into); err != nil {
		return fmt.Errorf("unreadable column: %w", err)
	}
	return nil
}

// writeOptional writes a JSON column that is NULL while there is no value.
func writeOptional[V any](column *sql.NullString, value *V) error {
	if value == nil {
		*column = sql.NullString{}
		return nil
	}
	encoded, err := toJSON(value)
	*column = sql.NullString{String: encoded, Valid: true}
	return err
}

// readOptional reads a JSON column; value stays nil for NULL.
func readOptional[V any](column sql.NullString, value **V) error {
	if !column.Valid {
		return nil
	}
	*value = new(V)
	return fromJSON(column.String, *value)
}

// text makes text from outside storable: MySQL refuses what is not UTF-8, and an
// outcome must not get lost over a broken letter. Ids are not text: they are
// stored byte for byte or not at all.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// nullable stores "" as NULL, which a unique key does not count.
func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
