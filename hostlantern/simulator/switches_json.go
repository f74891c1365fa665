// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// snakeCase turns the name of a Switches field into its name in the control
// API.
func snakeCase(field string) string {
	field = strings.NewReplacer("SANs", "Sans", "DCV", "Dcv", "HTML", "Html", "HTTP", "Http", "PKCS", "Pkcs", "URI", "Uri", "ID", "Id").Replace(field)
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// switchFields gives the field index of every switch by its JSON name.
func switchFields() map[string]int {
	fields := map[string]int{}
	kind := reflect.TypeFor[Switches]()
	for i := range kind.NumField() {
		fields[snakeCase(kind.Field(i).Name)] = i
	}
	return fields
}

// MarshalJSON writes durations like "1m30s" and dates like "2026-03-12", "" for
// none.
func (w Switches) MarshalJSON() ([]byte, error) {
	object := map[string]any{}
	value := reflect.ValueOf(w)
	for name, i := range switchFields() {
		switch field := value.Field(i).Interface().(type) {
		case time.Duration:
			object[name] = field.String()
		case map[string]time.Duration:
			durations := map[string]string{}
			for command, latency := range field {
				durations[command] = latency.String()
			}
			object[name] = durations
		case time.Time:
			object[name] = ""
			if !field.IsZero() {
				object[name] = field.UTC().Format(time.DateOnly)
			}
		default:
			object[name] = field
		}
	}
	return json.Marshal(object)
}

// UnmarshalJSON changes the switches that the object names and leaves the
// others. An unknown name or a value of the wrong kind is an error that names
// the switch.
func (w *Switches) UnmarshalJSON(data []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("simulator: switches: %w", err)
	}
	fields := switchFields()
	next := w.clone()
	value := reflect.ValueOf(&next).Elem()
	for _, name := range sortedKeys(object) {
		i, known := fields[name]
		if !known {
			return fmt.Errorf("simulator: switch %q is unknown; known are %s", name, strings.Join(sortedKeys(fields), ", "))
		}
		if err := setSwitch(value.Field(i), object[name]); err != nil {
			return fmt.Errorf("simulator: switch %s: %w", name, err)
		}
	}
	*w = next
	return nil
}

func setSwitch(field reflect.Value, data json.RawMessage) error {
	switch field.Interface().(type) {
	case time.Duration:
		duration, err := jsonDuration(data)
		field.SetInt(int64(duration))
		return err
	case map[string]time.Duration:
		var texts map[string]json.RawMessage
		if err := json.Unmarshal(data, &texts); err != nil {
			return err
		}
		durations := map[string]time.Duration{}
		for command, text := range texts {
			duration, err := jsonDuration(text)
			if err != nil {
				return err
			}
			durations[strings.ToLower(command)] = duration
		}
		field.Set(reflect.ValueOf(durations))
		return nil
	case time.Time:
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		var day time.Time
		var err error
		if text != "" {
			day, err = time.Parse(time.DateOnly, text)
		}
		field.Set(reflect.ValueOf(day))
		return err
	}
	return json.Unmarshal(data, field.Addr().Interface())
}

// jsonDuration reads a Go duration string.
func jsonDuration(data json.RawMessage) (time.Duration, error) {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return 0, err
	}
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
