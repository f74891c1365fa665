// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// panelRow is a row of panels.
type panelRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	CreatedAt Time
}

// TableName names the table.
func (panelRow) TableName() string { return "panels" }

// panelKeyRow is a row of panel_keys.
type panelKeyRow struct {
	ID         string `gorm:"primaryKey"`
	Panel      string
	SecretHash []byte
	Scopes     string // JSON
	Addresses  string // JSON
	CreatedAt  Time
	ExpiresAt  Time
	RevokedAt  Time
}

// TableName names the table.
func (panelKeyRow) TableName() string { return "panel_keys" }

func newPanelKeyRow(k provisioning.PanelKey) (row panelKeyRow, err error) {
	row = panelKeyRow{ID: k.ID, Panel: k.Panel, SecretHash: k.SecretHash,
		CreatedAt: timeOf(k.CreatedAt), ExpiresAt: timeOf(k.ExpiresAt), RevokedAt: timeOf(k.RevokedAt)}
	if row.Scopes, err = toJSON(k.Scopes); err != nil {
		return row, err
	}
	row.Addresses, err = toJSON(k.Addresses)
	return row, err
}

func (r panelKeyRow) panelKey() (provisioning.PanelKey, error) {
	k := provisioning.PanelKey{ID: r.ID, Panel: r.Panel, SecretHash: r.SecretHash,
		CreatedAt: r.CreatedAt.std(), ExpiresAt: r.ExpiresAt.std(), RevokedAt: r.RevokedAt.std()}
	if err := fromJSON(r.Scopes, &k.Scopes); err != nil {
		return k, err
	}
	return k, fromJSON(r.Addresses, &k.Addresses)
}

// CreatePanel stores a panel with its keys. ErrExists if the id, the name or the
// id of a key is taken.
func (m *Mirror) CreatePanel(ctx context.Context, panel provisioning.Panel) error {
	keys := make([]panelKeyRow, len(panel.Keys))
	for i, key := range panel.Keys {
		key.Panel = panel.ID
		var err error
		if keys[i], err = newPanelKeyRow(key); err != nil {
			return wrap("create panel", err)
		}
	}
	err := m.transact(ctx, func(tx *gorm.DB) error {
		row := panelRow{ID: panel.ID, Name: panel.Name, CreatedAt: timeOf(panel.CreatedAt)}
		if err := tx.Create(&row).Error; err != nil {
			return named(err)
		}
		if len(keys) == 0 {
			return nil
		}
		return named(tx.Create(&keys).Error)
	})
	return wrap("create panel", err)
}

// Panels reads all panels with all their keys, by name.
func (m *Mirror) Panels(ctx context.Context) ([]provisioning.Panel, error) {
	panels, err := m.panels(m.read.WithContext(ctx))
	return panels, wrap("panels", err)
}

// Panel reads the panel of this name with all its keys. ErrNotFound if there is
// none.
func (m *Mirror) Panel(ctx context.Context, name string) (provisioning.Panel, error) {
	panels, err := m.panels(m.read.WithContext(ctx).Where("name = ?", name))
	if err != nil {
		return provisioning.Panel{}, wrap("panel", err)
	}
	if len(panels) == 0 {
		return provisioning.Panel{}, provisioning.ErrNotFound
	}
	return panels[0], nil
}

func (m *Mirror) panels(selected *gorm.DB) ([]provisioning.Panel, error) {
	var rows []panelRow
	if err := selected.Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	panels, ids := make([]provisioning.Panel, len(rows)), make([]string, len(rows))
	byID := make(map[string]*provisioning.Panel, len(rows))
	for i, row := range rows {
		panels[i] = provisioning.Panel{ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt.std()}
		ids[i], byID[row.ID] = row.ID, &panels[i]
	}
	if len(rows) == 0 {
		return panels, nil
	}
	var keys []panelKeyRow
	err := m.read.WithContext(selected.Statement.Context).Where("panel IN ?", ids).Order("created_at").Order("id").Find(&keys).Error
	if err != nil {
		return nil, err
	}
	for _, row := range keys {
		key, err := row.panelKey()
		if err != nil {
			return nil, err
		}
		byID[row.Panel].Keys = append(byID[row.Panel].Keys, key)
	}
	return panels, nil
}

// PanelKey reads one key, in force or not, with the name of its panel.
// ErrNotFound if there is none.
func (m *Mirror) PanelKey(ctx context.Context, keyID string) (provisioning.PanelKey, error) {
	var rows []struct {
		Key       panelKeyRow `gorm:"embedded"`
		PanelName string
	}
	err := m.read.WithContext(ctx).Table("panel_keys").Select("panel_keys.*", "panels.name AS panel_name").
		Joins("JOIN panels ON panels.id = panel_keys.panel").Where("panel_keys.id = ?", keyID).Find(&rows).Error
	if err != nil {
		return provisioning.PanelKey{}, wrap("panel key", err)
	}
	if len(rows) == 0 {
		return provisioning.PanelKey{}, provisioning.ErrNotFound
	}
	key, err := rows[0].Key.panelKey()
	key.PanelName = rows[0].PanelName
	return key, wrap("panel key", err)
}

// AddPanelKey stores another key of a panel. ErrExists if its id is taken,
// ErrNotFound if there is no such panel.
func (m *Mirror) AddPanelKey(ctx context.Context, key provisioning.PanelKey) error {
	row, err := newPanelKeyRow(key)
	if err != nil {
		return wrap("add panel key", err)
	}
	err = m.persist(ctx, func(tx *gorm.DB) error {
		err := named(tx.Create(&row).Error)
		if missingParent(err) {
			return provisioning.ErrNotFound
		}
		return err
	})
	return wrap("add panel key", err)
}

// ExpirePanelKey sets the instant at which a key ends, as for one that got a
// successor. A key never gets a later end than it has. ErrNotFound if there is no
// such key.
func (m *Mirror) ExpirePanelKey(ctx context.Context, keyID string, at time.Time) error {
	return m.endKeys(ctx, "expire panel key", "expires_at", at, "id = ?", keyID)
}

// RevokePanelKey ends a key now and for good. ErrNotFound if there is no such
// key.
func (m *Mirror) RevokePanelKey(ctx context.Context, keyID string, at time.Time) error {
	return m.endKeys(ctx, "revoke panel key", "revoked_at", at, "id = ?", keyID)
}

// RevokePanel ends all keys of the panel of this name. Its services stay.
// ErrNotFound if there is no such panel.
func (m *Mirror) RevokePanel(ctx context.Context, name string, at time.Time) error {
	panel, err := m.Panel(ctx, name)
	if err != nil {
		return err
	}
	if len(panel.Keys) == 0 {
		return nil
	}
	return m.endKeys(ctx, "revoke panel", "revoked_at", at, "panel = ?", panel.ID)
}

// endKeys writes an end, unless there is an earlier one.
func (m *Mirror) endKeys(ctx context.Context, what, column string, at time.Time, where string, argument string) error {
	end := timeOf(at)
	err := m.persist(ctx, func(tx *gorm.DB) error {
		// CASE instead of LEAST, which SQLite calls MIN and which NULL spoils.
		written := tx.Model(&panelKeyRow{}).Where(where, argument).
			UpdateColumn(column, gorm.Expr("CASE WHEN "+column+" < ? THEN "+column+" ELSE ? END", end, end))
		if written.Error == nil && written.RowsAffected == 0 {
			return provisioning.ErrNotFound
		}
		return written.Error
	})
	return wrap(what, err)
}
