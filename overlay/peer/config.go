package peer

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// Config is what a Core is made of.
type Config struct {
	// Self is the own identity: Node-ID, user and certificate, as others see them in a verified message.
	Self Signer

	// Overlay is wire.OverlayID of the overlay's name.
	Overlay uint32

	// Client attaches and never joins (3.2.1): it stores and routes nothing. Where the overlay permits no clients, it becomes
	// a peer all the same.
	Client bool

	// First founds the overlay: the node is in the ring at once, responsible for everything (6.4.2.1).
	First bool

	// Candidates are the addresses at which the owner accepts links, as Attach tells them. SetCandidates changes them.
	Candidates []wire.IceCandidate

	// Settings come from the configuration document.
	Settings Settings

	// HoldDown is how long to wait for a better match before new replicas are made when a successor was lost
	// (10.7.1). Zero: 30 s. Shorter: copies are restored earlier, at the cost of some that were needless.
	HoldDown time.Duration

	// MaxLinks bounds the links; more are closed. Zero: 1024.
	MaxLinks int

	// MaxStored bounds the values kept for others; more are refused. Zero: 100,000.
	MaxStored int

	// MaxVia is the longest via list that is sent on; in place of a longer one goes an opaque ID, which is undone when the
	// answer comes (6.1.2, 6.1.3). Zero: 16.
	MaxVia int

	// Diagnose, if set, is what the owner knows of a diagnostic Kind (RFC 7851 5.3), nil if nothing. It is asked only for
	// nodes that may know it.
	Diagnose func(wire.DiagnosticKind) []byte

	// Rand is the source of transaction IDs, jitter and finger points. An owner seeds it from crypto/rand, a
	// simulation by its seed.
	Rand *rand.Rand

	// Logger is required.
	Logger *slog.Logger
}

// Settings is what the configuration document says to a peer. Zero values mean the RFC's defaults.
type Settings struct {
	Document []byte // the raw document, passed on to nodes with an older one; nil: never
	Sequence uint16 // its configuration sequence

	Kinds store.Kinds // nil: store.Registered(10)

	UpdateInterval   time.Duration // chord-update-interval; 600 s
	PingInterval     time.Duration // chord-ping-interval; 3600 s
	NotReactive      bool          // chord-reactive is false
	InitialTTL       uint8         // 100
	ReliabilityTimer time.Duration // overlay-reliability-timer; 3 s
	MaxMessageSize   int           // bytes; 5000
	NoClients        bool          // clients-permitted is false

	// KindBlocks describe the Kinds that are not in the document, for nodes that do not know them.
	KindBlocks map[wire.KindID][]byte

	// Diagnostics are the nodes that may ask for each diagnostic Kind; nobody else may (RFC 7851 7).
	Diagnostics map[wire.DiagnosticKind][]wire.NodeID
}

func (c Config) withDefaults() Config {
	c.Settings = c.Settings.withDefaults()
	setDefault(&c.HoldDown, 30*time.Second)
	setDefault(&c.MaxLinks, 1024)
	setDefault(&c.MaxStored, 100_000)
	setDefault(&c.MaxVia, 16)
	return c
}

func (s Settings) withDefaults() Settings {
	if s.Kinds == nil {
		s.Kinds = store.Registered(10)
	}
	setDefault(&s.UpdateInterval, 600*time.Second)
	setDefault(&s.PingInterval, 3600*time.Second)
	setDefault(&s.InitialTTL, wire.DefaultTTL)
	setDefault(&s.ReliabilityTimer, 3*time.Second)
	setDefault(&s.MaxMessageSize, 5000)
	return s
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
