package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/enroll"
	"tandem/overlay/enroll/enrollpg"
	"tandem/overlay/wire"
	"tandem/web/account"
)

const (
	// heartbeat is how often a server peer says in the database that it lives; aliveFor is how long it is believed.
	heartbeat = 5 * time.Second
	aliveFor  = 3 * heartbeat

	// joinWait is how long the overlay of other server peers that live is tried before an own one is founded.
	joinWait = 20 * time.Second
)

// An authority is this server peer's part in governing the overlay: its certificate authority and configuration
// document are in the database, shared with the other server peers.
type authority struct {
	cfg        Config
	log        *slog.Logger
	store      *enrollpg.Store
	accounts   *account.Store
	ca         *enroll.Authority
	document   atomic.Pointer[config.Document]
	enrollment string    // host:port that invitations name
	address    string    // host:port of our RELOAD links
	renewAt    time.Time // when our certificate ought to be renewed

	revoke func(nodes []string) // is told of the revoked nodes of each document that comes into force; may be nil
}

// openAuthority loads the overlay of the database, or makes it.
func openAuthority(ctx context.Context, pool *pgxpool.Pool, cfg Config, accounts *account.Store, log *slog.Logger) (*authority, error) {
	a := &authority{cfg: cfg, log: log, store: enrollpg.New(pool), accounts: accounts}
	instance, err := a.store.Instance(ctx)
	if errors.Is(err, enrollpg.ErrNotFound) {
		instance, err = a.found(ctx)
	}
	if err != nil {
		return nil, err
	}
	if instance.Name != cfg.Overlay.Name {
		return nil, fmt.Errorf("the database is of the overlay %q, not %q: correct overlay.name, or use another database", instance.Name, cfg.Overlay.Name)
	}
	if a.ca, err = enroll.LoadAuthority(instance.Name, instance.CACertificate, instance.CAKey, time.Now); err != nil {
		return nil, err
	}
	return a, a.take(instance)
}

func (a *authority) found(ctx context.Context) (enrollpg.Instance, error) {
	ca, err := enroll.NewAuthority(a.cfg.Overlay.Name, time.Now)
	if err != nil {
		return enrollpg.Instance{}, err
	}
	key, err := ca.KeyDER()
	if err != nil {
		return enrollpg.Instance{}, err
	}
	return a.store.Found(ctx, enrollpg.Instance{Name: a.cfg.Overlay.Name, CACertificate: ca.CertificateDER(), CAKey: key})
}

// take makes the instance's document ours; before there is one, a draft that only this process sees.
func (a *authority) take(i enrollpg.Instance) error {
	var doc *config.Document
	var err error
	if i.Document != nil {
		doc, err = config.Parse(i.Document, i.Name)
	} else {
		doc, err = a.sign(a.draft(0, nil, nil))
	}
	if err == nil {
		a.document.Store(doc)
	}
	return err
}

// draft is what the configuration document should say.
func (a *authority) draft(sequence uint16, peers []enrollpg.Peer, bad []wire.NodeID) *config.Document {
	d := config.New(a.cfg.Overlay.Name)
	d.Sequence = sequence
	d.Roots = append(d.Roots, a.ca.Root)
	d.ConfigurationSigners = []wire.NodeID{a.ca.SignerID()}
	d.KindSigners = d.ConfigurationSigners
	d.BadNodes = bad
	for _, p := range peers {
		d.Bootstrap = append(d.Bootstrap, p.Address)
		d.EnrollmentServers = append(d.EnrollmentServers, "https://"+p.Enrollment+"/enroll")
	}
	return d
}

func (a *authority) sign(d *config.Document) (*config.Document, error) {
	signer, err := a.ca.Signer()
	if err != nil {
		return nil, err
	}
	return d.Sign(signer)
}

// join makes this process a peer of the overlay. While it does no other server peer of the database may: the first
// of them founds the overlay, and two must not.
func (a *authority) join(ctx context.Context) (node *overlay.Node, err error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	a.renewAt = enroll.RenewAt(id)
	err = a.store.Exclusive(ctx, func(ctx context.Context) error {
		instance, err := a.store.Instance(ctx)
		if err != nil {
			return err
		}
		if err := a.take(instance); err != nil {
			return err
		}
		if node, err = a.startNode(ctx, id); err != nil {
			return err
		}
		status, err := node.Status(ctx)
		if err != nil {
			return err
		}
		a.address = status.Address
		a.log.Info("joined the overlay", "overlay", a.cfg.Overlay.Name, "node_id", node.NodeID().String(), "address", a.address)
		return nil
	})
	if err != nil && node != nil {
		_ = node.Close()
	}
	return node, err
}

// startNode joins the peers that live, or founds the overlay when none does.
func (a *authority) startNode(ctx context.Context, id *cert.Identity) (*overlay.Node, error) {
	peers, err := a.store.Peers(ctx)
	if err != nil {
		return nil, err
	}
	others := slices.ContainsFunc(peers, func(p enrollpg.Peer) bool {
		return p.NodeID != id.NodeID() && time.Since(p.SeenAt) < aliveFor
	})
	keyLog, err := openKeyLog(a.cfg.Overlay.KeyLog)
	if err != nil {
		return nil, err
	}
	c := overlay.Config{
		Identity: id, Document: a.document.Load(), Listen: a.cfg.Overlay.Listen, ListenSIP: a.cfg.Overlay.SIP,
		Advertise: a.advertise(), First: !others, Bootstrap: splitList(a.cfg.Overlay.Bootstrap), Logger: a.log, KeyLog: keyLog,
	}
	node, err := tryNode(ctx, c)
	if err != nil && others {
		a.log.Warn("the other server peers do not answer: founding the overlay anew", "err", err)
		c.First = true
		node, err = tryNode(ctx, c)
	}
	if err != nil {
		return nil, fmt.Errorf("join the overlay: %w", err)
	}
	return node, nil
}

func tryNode(ctx context.Context, c overlay.Config) (*overlay.Node, error) {
	node, err := overlay.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	if err := node.WaitJoined(ctx); err != nil {
		_ = node.Close()
		return nil, err
	}
	return node, nil
}

// advertise is the address that others reach us at: as configured, loopback for an overlay that is named so, else the
// address with which this machine reaches out.
func (a *authority) advertise() string {
	if a.cfg.Overlay.Advertise != "" {
		return a.cfg.Overlay.Advertise
	}
	if a.cfg.Overlay.Name == "localhost" {
		return "127.0.0.1"
	}
	// A UDP socket that is connected sends nothing; it only asks the routing table.
	conn, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return ""
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}

const serverIdentity = "peer"

// identity is the server peer's own, made at the first start and renewed in time, with the same key: a crash leaves a
// certificate that fits it, the old or the new one.
func (a *authority) identity() (*cert.Identity, error) {
	dir := filepath.Join(a.cfg.Data, serverIdentity)
	id, err := readIdentity(dir, a.cfg.Overlay.Name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		id, err = a.newIdentity()
	case err != nil:
		return nil, fmt.Errorf("the identity in %s: %w", dir, err)
	case time.Now().Before(enroll.RenewAt(id)) && a.issued(id):
		return id, nil
	default:
		id, err = a.renewed(id)
	}
	if err != nil {
		return nil, err
	}
	return id, writeIdentity(dir, id)
}

func (a *authority) newIdentity() (*cert.Identity, error) {
	node, err := cert.NewNodeID()
	if err != nil {
		return nil, err
	}
	return a.ca.NewIdentity(account.ServerPrefix+strings.ToLower(rand.Text()[:10])+"@"+a.cfg.Overlay.Name, node)
}

func (a *authority) renewed(id *cert.Identity) (*cert.Identity, error) {
	der, _, err := a.ca.Issue(id.User, id.NodeID(), id.Key.Public(), 0)
	if err != nil {
		return nil, err
	}
	return cert.NewIdentity(der, id.Key, a.cfg.Overlay.Name)
}

// renew goes on with a new certificate when it is time.
func (a *authority) renew(node *overlay.Node) error {
	if time.Now().Before(a.renewAt) {
		return nil
	}
	id, err := a.identity()
	if err != nil {
		return fmt.Errorf("renew the certificate: %w", err)
	}
	if err := node.SetIdentity(id); err != nil {
		return err
	}
	a.renewAt = enroll.RenewAt(id)
	a.log.Info("certificate renewed", "ends", id.Certificate.NotAfter)
	return nil
}

// issued says whether the identity is of this authority, and not left from another database.
func (a *authority) issued(id *cert.Identity) bool {
	return id.Certificate.CheckSignatureFrom(a.ca.Root) == nil
}

func readIdentity(dir, overlayName string) (*cert.Identity, error) {
	key, err := os.ReadFile(filepath.Join(dir, enroll.KeyFile))
	if err != nil {
		return nil, err
	}
	certificate, err := os.ReadFile(filepath.Join(dir, enroll.CertificateFile))
	if err != nil {
		return nil, err
	}
	signer, err := cert.DecodeKey(key)
	if err != nil {
		return nil, err
	}
	der, err := cert.DecodeCertificate(certificate)
	if err != nil {
		return nil, err
	}
	return cert.NewIdentity(der, signer, overlayName)
}

func writeIdentity(dir string, id *cert.Identity) error {
	key, err := cert.EncodeKey(id.Key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the identity: %w", err)
	}
	err = replace(filepath.Join(dir, enroll.KeyFile), key)
	if err == nil {
		err = replace(filepath.Join(dir, enroll.CertificateFile), cert.EncodeCertificate(id.Certificate.Raw))
	}
	if err != nil {
		return fmt.Errorf("keep the identity: %w", err)
	}
	return nil
}

// server is the enrollment server behind a listener.
func (a *authority) server(addr net.Addr) (*http.Server, error) {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return nil, fmt.Errorf("enrollment.listen: %w", err)
	}
	host, _, err := net.SplitHostPort(a.address)
	if err != nil {
		return nil, fmt.Errorf("the overlay's address: %w", err)
	}
	host = orElse(a.cfg.Enrollment.Host, host)
	a.enrollment = net.JoinHostPort(host, port)
	settings, err := a.ca.TLSConfig(host)
	if err != nil {
		return nil, err
	}
	handler := enroll.NewServer(enroll.ServerConfig{
		Authority: a.ca, Document: func() []byte { return a.document.Load().Raw }, Admission: admission{a.accounts}, Logger: a.log,
	})
	return &http.Server{
		Handler: handler, TLSConfig: settings, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}, nil
}

// publish announces this server peer and brings the document up to date with the peers and the revoked devices.
func (a *authority) publish(ctx context.Context, node *overlay.Node) error {
	err := a.store.Announce(ctx, enrollpg.Peer{NodeID: node.NodeID(), Address: a.address, Enrollment: a.enrollment})
	if err != nil {
		return err
	}
	revoked, err := a.accounts.RevokedNodes(ctx)
	if err != nil {
		return err
	}
	err = a.store.Publish(ctx, func(now enrollpg.Instance, peers []enrollpg.Peer) ([]byte, uint16, error) {
		var bad []wire.NodeID
		for _, n := range revoked {
			bad = append(bad, wire.NodeID(n))
		}
		next := a.draft(0, peers, bad)
		if now.Document != nil {
			current, err := config.Parse(now.Document, now.Name)
			if err != nil {
				return nil, 0, err
			}
			if config.SameContent(current, next) {
				return nil, 0, nil
			}
			next.Sequence = config.Next(now.Sequence)
		} else {
			next.Sequence = 1
		}
		signed, err := a.sign(next)
		if err != nil {
			return nil, 0, err
		}
		return signed.Raw, next.Sequence, nil
	})
	if err != nil {
		return err
	}
	return a.adopt(ctx, node)
}

// adopt gives the database's document to our node, which spreads it.
func (a *authority) adopt(ctx context.Context, node *overlay.Node) error {
	instance, err := a.store.Instance(ctx)
	if err != nil || instance.Document == nil {
		return err
	}
	if !config.Newer(instance.Sequence, a.document.Load().Sequence) {
		return nil
	}
	if err := a.take(instance); err != nil {
		return err
	}
	a.tellRevoked()
	// Another server peer may have sent it through the overlay already.
	if err := node.SetDocument(ctx, instance.Document); err != nil && !errors.Is(err, config.ErrNotNewer) {
		return fmt.Errorf("configuration document %d: %w", instance.Sequence, err)
	}
	a.log.Info("configuration document in force", "sequence", instance.Sequence)
	return nil
}

// tellRevoked tells whoever keeps connections which nodes to let go.
func (a *authority) tellRevoked() {
	if a.revoke != nil {
		a.revoke(revokedBy(a.document.Load()))
	}
}

// follow keeps saying that we live, and takes on documents that other server peers publish.
func (a *authority) follow(ctx context.Context, node *overlay.Node) error {
	changed := make(chan struct{}, 1)
	go func() {
		for ctx.Err() == nil {
			err := a.store.Watch(ctx, func() {
				select {
				case changed <- struct{}{}:
				default: // one is waiting already
				}
			})
			if ctx.Err() == nil {
				a.log.Warn("not told of new configuration documents for now", "err", err)
			}
			sleep(ctx, heartbeat)
		}
	}()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			err = a.adopt(ctx, node)
		case <-tick.C:
			err = errors.Join(a.publish(ctx, node), a.renew(node))
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn("the overlay's configuration is not kept up to date", "err", err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// link makes an invitation to this server peer.
func (a *authority) link(aor, secret string) string {
	return a.ca.Invitation(a.enrollment, aor, secret)
}

// invitationLink makes an invitation to the server peer that was seen last, for commands beside tandem serve.
func invitationLink(ctx context.Context, store *enrollpg.Store, aor, secret string) (string, error) {
	instance, err := store.Instance(ctx)
	if errors.Is(err, enrollpg.ErrNotFound) {
		return "", errors.New("no overlay in this database yet: start tandem serve first")
	} else if err != nil {
		return "", err
	}
	ca, err := enroll.LoadAuthority(instance.Name, instance.CACertificate, instance.CAKey, time.Now)
	if err != nil {
		return "", err
	}
	peers, err := store.Peers(ctx)
	if err != nil {
		return "", err
	}
	if len(peers) == 0 {
		return "", errors.New("no server peer runs on this database: start tandem serve first")
	}
	latest := slices.MaxFunc(peers, func(a, b enrollpg.Peer) int { return a.SeenAt.Compare(b.SeenAt) })
	return ca.Invitation(latest.Enrollment, aor, secret), nil
}

// admission lets the enrollment server ask the accounts.
type admission struct{ accounts *account.Store }

func (a admission) Admit(ctx context.Context, user, secret string, issue enroll.Issue) error {
	err := a.accounts.Admit(ctx, user, secret, plain(issue))
	return refused(err)
}

func (a admission) Renew(ctx context.Context, user string, node wire.NodeID, issue enroll.Issue) error {
	return refused(a.accounts.Renew(ctx, user, node, plain(issue)))
}

// plain hides the overlay's types from the accounts.
func plain(issue enroll.Issue) func(context.Context) ([16]byte, []byte, time.Time, error) {
	return func(ctx context.Context) ([16]byte, []byte, time.Time, error) {
		node, certificate, notAfter, err := issue(ctx)
		return node, certificate, notAfter, err
	}
}

func refused(err error) error {
	if errors.Is(err, account.ErrRefused) {
		return enroll.ErrRefused
	}
	return err
}
