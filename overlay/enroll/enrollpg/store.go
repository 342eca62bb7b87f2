// Package enrollpg keeps an overlay instance in Postgres: its certificate authority, its configuration document and
// the server peers that serve it.
//
// All server peers of one instance share the database, so any of them can enroll a client and any of them can publish
// a new configuration document. The authority's key is in the database: whoever reads it issues certificates.
package enrollpg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/overlay/enroll/enrollpg/internal/db"
)

// ErrNotFound says that no instance has been founded in this database.
var ErrNotFound = errors.New("no overlay instance in the database")

// forgetAfter is how long a server peer that was not seen stays a bootstrap node: a peer that is down for the night
// comes back with its address.
const forgetAfter = 24 * time.Hour

// Instance is the overlay instance of the database.
type Instance struct {
	Name          string
	CACertificate []byte // DER
	CAKey         []byte // PKCS #8
	Document      []byte // the signed configuration document; nil before the first Publish
	Sequence      uint16 // of the document
}

// Peer is a server peer of the instance.
type Peer struct {
	NodeID     [16]byte
	Address    string // host:port of its RELOAD links
	Enrollment string // host:port of its enrollment server
	SeenAt     time.Time
}

// Store is the database. It may be used by any number of goroutines.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

// New uses a pool whose database has been migrated.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool, q: db.New(pool)} }

// Instance reads the instance; ErrNotFound before Found.
func (s *Store) Instance(ctx context.Context) (Instance, error) {
	r, err := s.q.Instance(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return Instance{}, ErrNotFound
	} else if err != nil {
		return Instance{}, fmt.Errorf("read the overlay instance: %w", err)
	}
	return Instance{Name: r.Name, CACertificate: r.CaCertificate, CAKey: r.CaKey, Document: r.Document, Sequence: sequence(r.Sequence)}, nil
}

// Found makes i the instance of the database unless there is one, and returns the one that stands.
func (s *Store) Found(ctx context.Context, i Instance) (Instance, error) {
	err := s.q.FoundInstance(ctx, db.FoundInstanceParams{Name: i.Name, CaCertificate: i.CACertificate, CaKey: i.CAKey})
	if err != nil {
		return Instance{}, fmt.Errorf("found the overlay instance: %w", err)
	}
	return s.Instance(ctx)
}

// Announce says that a server peer is alive, under these addresses. Repeat it: see Peers.
func (s *Store) Announce(ctx context.Context, p Peer) error {
	err := s.q.AnnouncePeer(ctx, db.AnnouncePeerParams{NodeID: p.NodeID[:], Address: p.Address, Enrollment: p.Enrollment})
	if err != nil {
		return fmt.Errorf("announce the server peer: %w", err)
	}
	return nil
}

// Withdraw takes a server peer off the list.
func (s *Store) Withdraw(ctx context.Context, node [16]byte) error {
	if err := s.q.WithdrawPeer(ctx, node[:]); err != nil {
		return fmt.Errorf("withdraw the server peer: %w", err)
	}
	return nil
}

// Peers lists the server peers by Node-ID, with the time each was last seen.
func (s *Store) Peers(ctx context.Context) ([]Peer, error) {
	rows, err := s.q.Peers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the server peers: %w", err)
	}
	return peersOf(rows), nil
}

// A Build makes the next configuration document from the instance as it stands and its server peers, and gives its
// sequence number. It returns nil bytes when the present document will do.
type Build func(now Instance, peers []Peer) (document []byte, sequence uint16, err error)

// Publish lets build make the next document while no other server peer does, stores it and tells all watchers.
func (s *Store) Publish(ctx context.Context, build Build) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		r, err := q.LockInstance(ctx)
		if err != nil {
			return fmt.Errorf("lock the overlay instance: %w", err)
		}
		if err := q.ForgetPeers(ctx, forgetAfter.Seconds()); err != nil {
			return fmt.Errorf("forget old server peers: %w", err)
		}
		rows, err := q.Peers(ctx)
		if err != nil {
			return fmt.Errorf("list the server peers: %w", err)
		}
		now := Instance{Name: r.Name, CACertificate: r.CaCertificate, CAKey: r.CaKey, Document: r.Document, Sequence: sequence(r.Sequence)}
		document, seq, err := build(now, peersOf(rows))
		if err != nil || document == nil {
			return err
		}
		number := int32(seq)
		if err := q.PublishDocument(ctx, db.PublishDocumentParams{Document: document, Sequence: &number}); err != nil {
			return fmt.Errorf("publish the configuration document: %w", err)
		}
		return q.NotifyDocument(ctx)
	})
}

// Watch calls changed after every Publish of any server peer, and once at the beginning of each connection, until
// ctx ends or the connection fails; its error is never nil.
func (s *Store) Watch(ctx context.Context, changed func()) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("watch the configuration document: %w", err)
	}
	// A connection that listens must not go back to the pool.
	raw := conn.Hijack()
	defer func() { _ = raw.Close(context.WithoutCancel(ctx)) }()
	if _, err := raw.Exec(ctx, "LISTEN overlay_document"); err != nil {
		return fmt.Errorf("watch the configuration document: %w", err)
	}
	for {
		changed()
		if _, err := raw.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("watch the configuration document: %w", err)
		}
	}
}

func sequence(n *int32) uint16 {
	if n == nil {
		return 0
	}
	return uint16(*n) // the schema keeps it within 0..65534
}

func peersOf(rows []db.OverlayPeer) []Peer {
	peers := make([]Peer, len(rows))
	for i, r := range rows {
		peers[i] = Peer{NodeID: [16]byte(r.NodeID), Address: r.Address, Enrollment: r.Enrollment, SeenAt: r.SeenAt}
	}
	return peers
}

// exclusive is the advisory lock of Exclusive.
const exclusive = 0x74616e64656d // "tandem"

// Exclusive runs f while no other process of this database does: founding an overlay twice at once would make two.
func (s *Store) Exclusive(ctx context.Context, f func(ctx context.Context) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("lock the overlay instance: %w", err)
	}
	// The lock belongs to the connection and ends with it, so that one can never be left locked in the pool.
	raw := conn.Hijack()
	defer func() { _ = raw.Close(context.WithoutCancel(ctx)) }()
	if _, err := raw.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(exclusive)); err != nil {
		return fmt.Errorf("lock the overlay instance: %w", err)
	}
	return f(ctx)
}
