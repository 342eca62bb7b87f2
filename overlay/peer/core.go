package peer

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// Errors of Do. A refusal by another node is a *wire.ErrorResponse, which wraps its wire.ErrorCode.
var (
	// ErrTimeout says that no answer came within the request lifetime: 5 tries of overlay-reliability-timer.
	ErrTimeout = errors.New("no answer from the overlay")

	// ErrTooManyRequests says that too many requests wait for answers.
	ErrTooManyRequests = errors.New("too many overlay requests at once")

	// ErrTooLarge says that the request exceeds the overlay's max-message-size.
	ErrTooLarge = errors.New("overlay request too large")

	// ErrLeft says that the node has left the overlay.
	ErrLeft = errors.New("left the overlay")

	errLinkLost = errors.New("the link to the node is gone")
)

// A Link is a connection to another node, authenticated by its certificate.
type Link struct {
	ID   LinkID
	Node wire.NodeID

	// Bootstrap says that it was opened because of a Bootstrap action, so whoever is there can be used to reach the
	// overlay before anything is known about it.
	Bootstrap bool

	// NodeIDs are those of the certificate if it has several, the node opened the link, and it was not asked to. Which of
	// them it goes by it will say by an Attach. Node does not matter then.
	NodeIDs []wire.NodeID
}

// A Core is one node's protocol. Its methods are not safe for concurrent use.
type Core struct {
	cfg     Config
	set     Settings
	self    wire.NodeID
	log     *slog.Logger
	rng     *rand.Rand
	started time.Time

	phase  Phase
	out    []Action
	timers timers

	// Who is there.
	conns  connections
	top    *chord.Topology           // with a link and an Update from them
	heard  map[wire.NodeID]advert    // what the peers in top said of their neighbors
	failed map[wire.NodeID]time.Time // not tried before then
	home   wire.NodeID               // a client's peer; zero: none
	homing bool                      // a client looks for a better one
	ring   ringView                  // what review saw last

	// Conversations.
	requests  map[wire.TransactionID]*request
	fragments reassembly
	shortened viaTable
	sequence  uint64 // of requests, to order them
	answered  answerCache
	replies   map[ReplyID]*call
	replySeq  ReplyID
	attaching map[wire.NodeID]*attachment // by the node asked for
	dialing   map[wire.NodeID]bool        // asked by others, and being connected to
	owed      map[wire.NodeID]bool        // to be sent a full Update once the link is up

	// Getting in and letting in.
	boot       bootstrap
	join       *joining
	admissions []*admission
	leaving    *leaving
	held       int // messages held for the ring to settle

	// Values.
	data     *store.Store
	pushes   map[wire.NodeID]*push
	orphans  map[wire.ResourceID]bool // on their way to who is responsible for them now
	complete map[wire.NodeID]bool     // replicas that have been sent everything
	holdDown time.Time                // no new replicas before, after the loss of one

	holdTimer   *timer
	holdFor     []wire.NodeID // who may have taken the place of the lost one
	updateTimer *timer
	farTimer    *timer
	againTimer  *timer
	configTold  map[wire.NodeID]time.Time // sent our document lately
}

// New returns a core. A first peer is in the ring at once; others begin with a Bootstrap action in the outbox.
func New(cfg Config, now time.Time) *Core {
	cfg = cfg.withDefaults()
	c := &Core{
		cfg: cfg, set: cfg.Settings, self: cfg.Self.NodeID, log: cfg.Logger, rng: cfg.Rand, started: now,
		phase: Bootstrapping, conns: newConnections(), top: chord.New(cfg.Self.NodeID),
		heard: map[wire.NodeID]advert{}, failed: map[wire.NodeID]time.Time{},
		requests: map[wire.TransactionID]*request{}, answered: newAnswerCache(), replies: map[ReplyID]*call{},
		attaching: map[wire.NodeID]*attachment{}, dialing: map[wire.NodeID]bool{}, owed: map[wire.NodeID]bool{},
		data:   store.New(cfg.Settings.Kinds, cfg.MaxStored),
		pushes: map[wire.NodeID]*push{}, complete: map[wire.NodeID]bool{}, configTold: map[wire.NodeID]time.Time{}, orphans: map[wire.ResourceID]bool{},
	}
	if c.cfg.Client && c.set.NoClients {
		c.log.Info("this overlay permits no clients: joining as a peer", "node_id", c.self)
		c.cfg.Client = false
	}
	if cfg.First && !c.cfg.Client {
		c.becomeJoined(now)
	}
	c.seekBootstrap(now)
	c.startMaintenance(now)
	return c
}

// Timeout does whatever is due at now.
func (c *Core) Timeout(now time.Time) {
	for {
		tm := c.timers.next(now)
		if tm == nil {
			return
		}
		tm.do(now)
	}
}

// Deadline is the earliest time something is due. Maintenance of the ring never ends, so it is never zero.
func (c *Core) Deadline() time.Time { return c.timers.heap[0].at }

// Outbox returns the actions since the last call, in order.
func (c *Core) Outbox() []Action {
	out := c.out
	c.out = nil
	return out
}

func (c *Core) emit(a Action) { c.out = append(c.out, a) }

func (c *Core) after(now time.Time, d time.Duration, do func(time.Time)) *timer {
	return c.timers.after(now, d, do)
}

// jitter is a random duration from d/2 to d.
func (c *Core) jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(c.rng.Int64N(int64(d/2)+1))
}

// around is a random duration from 3d/4 to 5d/4, so d on average.
func (c *Core) around(d time.Duration) time.Duration {
	return 3*d/4 + time.Duration(c.rng.Int64N(int64(d/2)+1))
}

// enter changes the phase and tells the owner.
func (c *Core) enter(p Phase) {
	if c.phase == p {
		return
	}
	c.log.Debug("overlay phase", "node_id", c.self, "phase", p.String())
	c.phase = p
	c.emit(&Changed{})
}

// SetCandidates changes the addresses that Attach tells.
func (c *Core) SetCandidates(candidates []wire.IceCandidate) { c.cfg.Candidates = candidates }

// Path is the destination list by which others reach this node: a peer's is itself, a client's is the peer it is
// attached to and itself. Nil while it is not connected.
func (c *Core) Path() []wire.Destination {
	switch {
	case c.phase == Joined:
		return []wire.Destination{wire.ToNode(c.self)}
	case c.phase == Attached && !c.home.IsZero():
		return []wire.Destination{wire.ToNode(c.home), wire.ToNode(c.self)}
	}
	return nil
}
