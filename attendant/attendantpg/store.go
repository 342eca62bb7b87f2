// Package attendantpg keeps menus in Postgres (migrations/0004_attendant.sql), with all their versions.
//
// A version is never changed: Save adds one and makes it current, Publish makes an earlier one current again.
package attendantpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/attendant"
	"tandem/attendant/attendantpg/internal/db"
	"tandem/gateway/call"
)

// ErrConflict says that somebody else saved the menu since it was read.
var ErrConflict = errors.New("the menu was changed by somebody else")

// A Store keeps menus. It is an attendant.Menus.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

var _ attendant.Menus = (*Store)(nil)

// New makes a Store on a migrated database.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool, q: db.New(pool)} }

// A Version of a menu.
type Version struct {
	Version   int
	Menu      attendant.Menu
	Author    string // AoR, or what applied it
	CreatedAt time.Time
}

// Menu gives the current version of a menu.
func (s *Store) Menu(ctx context.Context, name string) (attendant.Menu, error) {
	v, err := s.Current(ctx, name)
	return v.Menu, err
}

// Current gives the current version of a menu with its number, which Save wants back.
func (s *Store) Current(ctx context.Context, name string) (Version, error) {
	row, err := s.q.Menu(ctx, name)
	if err != nil {
		return Version{}, found("menu "+name, 1, err)
	}
	m, err := attendant.Parse(row.Document)
	return Version{Version: int(row.Version), Menu: m}, err
}

// List gives the current version of every menu, by name.
func (s *Store) List(ctx context.Context) ([]Version, error) {
	rows, err := s.q.Menus(ctx)
	if err != nil {
		return nil, found("menus", 1, err)
	}
	list := make([]Version, len(rows))
	for i, r := range rows {
		if list[i], err = version(r.CurrentVersion, r.Document, r.Author, r.CreatedAt); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Versions gives every version of a menu, the newest first.
func (s *Store) Versions(ctx context.Context, name string) ([]Version, error) {
	rows, err := s.q.Versions(ctx, name)
	if err != nil || len(rows) == 0 {
		return nil, found("menu "+name, int64(len(rows)), err)
	}
	list := make([]Version, len(rows))
	for i, r := range rows {
		if list[i], err = version(r.Version, r.Document, r.Author, r.CreatedAt); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func version(n int32, document []byte, author string, at time.Time) (Version, error) {
	m, err := attendant.Parse(document)
	return Version{Version: int(n), Menu: m, Author: author, CreatedAt: at}, err
}

// Save adds a version and makes it current. seen is the version that the author had before them: 0 for a new menu,
// negative to overwrite whatever is there. ErrConflict: it is not the current one any more.
func (s *Store) Save(ctx context.Context, m attendant.Menu, author string, seen int) (int, error) {
	document, err := json.Marshal(m)
	if err != nil {
		return 0, fmt.Errorf("save menu: %w", err)
	}
	var next int32
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		if next, err = nextVersion(ctx, q, m.Name, seen); err != nil {
			return err
		}
		if err := q.AddVersion(ctx, db.AddVersionParams{Name: m.Name, Version: next, Document: document, Author: author}); err != nil {
			return err
		}
		_, err := q.SetCurrent(ctx, db.SetCurrentParams{Name: m.Name, Version: next})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save menu %s: %w", m.Name, err)
	}
	return int(next), nil
}

// nextVersion makes the menu if need be, locks it, and gives the number of its next version.
func nextVersion(ctx context.Context, q *db.Queries, name string, seen int) (int32, error) {
	made, err := q.MakeMenu(ctx, name)
	if err != nil {
		return 0, err
	}
	current, err := q.CurrentForUpdate(ctx, name)
	if err != nil {
		return 0, err
	}
	if made == 1 {
		current = 0
	}
	if seen >= 0 && seen != int(current) {
		return 0, ErrConflict
	}
	last, err := q.LastVersion(ctx, name)
	return last + 1, err
}

// Publish makes a version that exists the current one.
func (s *Store) Publish(ctx context.Context, name string, version int) error {
	if _, err := s.q.Version(ctx, db.VersionParams{Name: name, Version: int32(version)}); err != nil {
		return found(fmt.Sprintf("menu %s version %d", name, version), 1, err)
	}
	n, err := s.q.SetCurrent(ctx, db.SetCurrentParams{Name: name, Version: int32(version)})
	return found("publish menu", n, err)
}

// Delete removes a menu with all its versions.
func (s *Store) Delete(ctx context.Context, name string) error {
	n, err := s.q.DeleteMenu(ctx, name)
	return found("delete menu "+name, n, err)
}

// AddAudio keeps a recording for menus and gives its id.
func (s *Store) AddAudio(ctx context.Context, a attendant.Audio) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	codec := "pcmu"
	if a.Codec == call.PCMA {
		codec = "pcma"
	}
	return id, found("add audio", 1, s.q.AddAudio(ctx, db.AddAudioParams{ID: id, Name: a.Name, Codec: codec, Audio: a.Audio}))
}

// Audio gives a recording.
func (s *Store) Audio(ctx context.Context, id uuid.UUID) (attendant.Audio, error) {
	row, err := s.q.Audio(ctx, id)
	if err != nil {
		return attendant.Audio{}, found("audio", 1, err)
	}
	a := attendant.Audio{ID: id, Name: row.Name, Codec: call.PCMU, Audio: row.Audio}
	if row.Codec == "pcma" {
		a.Codec = call.PCMA
	}
	return a, nil
}

// found turns the outcome of a query into an error: nothing found is attendant.ErrNotFound.
func found(operation string, rows int64, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && rows == 0:
		return fmt.Errorf("%s: %w", operation, attendant.ErrNotFound)
	case err != nil:
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}
