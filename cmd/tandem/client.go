package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/enroll"
	"tandem/overlay/sipusage"
	"tandem/web/account"
)

// A client is a user's node of the overlay with the phone on top.
type client struct {
	node   *overlay.Node
	engine *media.Engine
	phone  *phone.Phone
	aor    string
	unlock func()
	ran    chan error
	stop   context.CancelFunc

	registered   *overlay.Publication // nil: callers do not find us
	unregistered context.CancelFunc
}

// clientOptions are what the commands of the user's side differ in.
type clientOptions struct {
	dir        string // what tandem enroll wrote; empty: the only one there is
	softphones string // where softphones register; empty: nowhere
	ring       time.Duration
	onIncoming func(ctx context.Context, leg call.Leg) call.Handler
}

// startClient attaches to the overlay with the identity in a directory.
func startClient(ctx context.Context, cfg Config, log *slog.Logger, o clientOptions) (*client, error) {
	dir, err := identityDir(o.dir)
	if err != nil {
		return nil, err
	}
	unlock, err := lockIdentity(dir)
	if err != nil {
		return nil, err
	}
	c, err := attach(ctx, cfg, log, dir, o)
	if err != nil {
		unlock()
		return nil, err
	}
	c.unlock = unlock
	return c, nil
}

func attach(ctx context.Context, cfg Config, log *slog.Logger, dir string, o clientOptions) (*client, error) {
	id, doc, err := loadIdentity(ctx, dir, log)
	if err != nil {
		return nil, err
	}
	door := &doorman{}
	door.document.Store(doc)
	node, err := attachNode(ctx, cfg, log, dir, id, doc, door.read)
	if err != nil {
		return nil, err
	}
	c := &client{node: node, aor: id.User, ran: make(chan error, 1)}
	if c.engine, err = newEngine(cfg, log); err == nil {
		c.phone, err = phone.New(phone.Config{
			AoR: id.User, Region: cfg.Region, Listen: o.softphones, Overlay: network{node}, Media: c.engine,
			RingFor: o.ring, OnIncoming: o.onIncoming, Gateway: isServer, Logger: log,
		})
	}
	if err != nil {
		_ = node.Close()
		return nil, err
	}
	door.guard(c.phone)
	serveSIP(node, c.phone, log)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	go keepRenewed(run, node, dir, enroll.RenewAt(id), log)
	go func() { c.ran <- c.phone.Run(run) }()
	return c, nil
}

// attachNode attaches the identity of dir to its overlay as a client. What it learns there for the next start, newer
// documents and peers, is kept in dir; onDocument, if not nil, is given the documents too.
func attachNode(ctx context.Context, cfg Config, log *slog.Logger, dir string, id *cert.Identity, doc *config.Document, onDocument func(raw []byte)) (*overlay.Node, error) {
	keyLog, err := openKeyLog(cfg.Overlay.KeyLog)
	if err != nil {
		return nil, err
	}
	node, err := overlay.Start(ctx, overlay.Config{
		Identity: id, Document: doc, Client: true, Advertise: cfg.Overlay.Advertise, Logger: log, KeyLog: keyLog,
		Bootstrap: append(splitList(cfg.Overlay.Bootstrap), readPeers(dir)...),
		OnDocument: func(raw []byte) {
			keep(log, filepath.Join(dir, enroll.DocumentFile), raw)
			if onDocument != nil {
				onDocument(raw)
			}
		},
		OnPeers: func(peers []string) { keep(log, filepath.Join(dir, peersFile), []byte(strings.Join(peers, "\n"))) },
	})
	if err == nil {
		err = waitAttached(ctx, node)
	}
	if err != nil {
		return nil, fmt.Errorf("attach to the overlay %s: %w", doc.InstanceName, err)
	}
	return node, nil
}

// loadIdentity loads what tandem enroll wrote, and renews the certificate when it is time. A renewal that fails is
// tried again at the next start; the certificate is good for a while yet.
func loadIdentity(ctx context.Context, dir string, log *slog.Logger) (*cert.Identity, *config.Document, error) {
	id, doc, err := enroll.Load(dir)
	if err != nil || time.Now().Before(enroll.RenewAt(id)) {
		return id, doc, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	renewed, err := enroll.Renew(ctx, dir)
	if err != nil {
		log.Warn("certificate not renewed", "aor", id.User, "ends", id.Certificate.NotAfter, "err", err)
		return id, doc, nil
	}
	return renewed, doc, nil
}

// isServer says whether a certificate's user is a server peer: the enrollment gives such names to nobody else.
func isServer(user string) bool { return strings.HasPrefix(user, account.ServerPrefix) }

// keepRenewed renews the certificate of a node that runs for months, until ctx ends. After a failure it waits an hour.
func keepRenewed(ctx context.Context, node *overlay.Node, dir string, at time.Time, log *slog.Logger) {
	for {
		sleep(ctx, max(time.Until(at), time.Hour))
		if ctx.Err() != nil {
			return
		}
		if time.Now().Before(at) {
			continue
		}
		id, err := enroll.Renew(ctx, dir)
		if err == nil {
			err = node.SetIdentity(id)
		}
		if err != nil {
			log.Warn("certificate not renewed", "aor", node.User(), "err", err)
			continue
		}
		at = enroll.RenewAt(id)
	}
}

// attachWait is how long a client looks for a peer to attach to.
const attachWait = 30 * time.Second

func waitAttached(ctx context.Context, node *overlay.Node) error {
	ctx, cancel := context.WithTimeoutCause(ctx, attachWait, errors.New("no peer of it answers: is the server up, and reachable from here?"))
	defer cancel()
	if err := node.WaitJoined(ctx); err != nil {
		_ = node.Close()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return err
	}
	return nil
}

// register makes the user findable at this node until Close.
func (c *client) register(ctx context.Context, log *slog.Logger) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	publication, err := sipusage.Register(own, c.node, c.aor, log)
	if err != nil {
		cancel()
		return fmt.Errorf("register %s in the overlay: %w", c.aor, err)
	}
	c.registered, c.unregistered = publication, cancel
	select {
	case <-publication.Ready():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("register %s in the overlay: %w", c.aor, errors.Join(context.Cause(ctx), publication.Err()))
	}
}

// Close hangs up and leaves the overlay politely.
func (c *client) Close() {
	if c.registered != nil {
		c.unregistered()
		c.registered.Wait()
	}
	c.stop()
	_ = <-c.ran // it was told to
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = c.node.Leave(ctx)
	_ = c.node.Close()
	_ = c.engine.Close()
	c.unlock()
}

const (
	peersFile = "peers" // addresses seen lately, to bootstrap from when the document's nodes are gone
	lockFile  = "lock"
)

// identityHome is where tandem enroll puts identities.
func identityHome() string {
	config, err := os.UserConfigDir()
	if err != nil {
		return "tandem-identities"
	}
	return filepath.Join(config, "tandem")
}

// identityDir is the directory meant by dir: itself, one of that name at home, or the only one there is.
func identityDir(dir string) (string, error) {
	if dir != "" {
		if _, err := os.Stat(dir); err != nil && !strings.ContainsRune(dir, os.PathSeparator) {
			return filepath.Join(identityHome(), dir), nil
		}
		return dir, nil
	}
	found, _ := filepath.Glob(filepath.Join(identityHome(), "*", enroll.CertificateFile))
	switch len(found) {
	case 1:
		return filepath.Dir(found[0]), nil
	case 0:
		return "", errors.New("no identity here: ask an administrator for an invitation, then run tandem enroll LINK")
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = filepath.Base(filepath.Dir(f))
	}
	return "", usage("several identities here: choose one with --dir: %s", strings.Join(names, ", "))
}

// lockIdentity makes sure that one process at a time is this node: two would take each other's messages.
func lockIdentity(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no identity in %s: run tandem enroll LINK --dir %s", dir, dir)
	} else if err != nil {
		return nil, fmt.Errorf("lock the identity: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("the identity in %s is in use by another tandem (tandem phone?): stop it, or ask for another invitation and enroll it with --dir DIR", dir)
	}
	return func() { _ = f.Close() }, nil
}

// replace writes a file whole or not at all.
func replace(name string, content []byte) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// keep is replace for what can be done without.
func keep(log *slog.Logger, name string, content []byte) {
	if err := replace(name, content); err != nil {
		log.Warn("not kept for the next start", "file", name, "err", err)
	}
}

func readPeers(dir string) []string {
	raw, err := os.ReadFile(filepath.Join(dir, peersFile))
	if err != nil {
		return nil // none kept yet
	}
	return strings.Fields(string(raw))
}

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// openKeyLog opens the file that TLS secrets are appended to, if one is configured.
func openKeyLog(name string) (io.Writer, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("overlay.keylog: %w", err)
	}
	return f, nil
}

func peerOf(p cert.Peer) route.Peer {
	return route.Peer{Node: p.NodeID().String(), User: strings.ToLower(p.User)}
}
