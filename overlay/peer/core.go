package peer

import (
	"errors"
	"time"

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
)

// A Link is a connection to another node, authenticated by its certificate.
type Link struct {
	ID   LinkID
	Node wire.NodeID

	// Bootstrap says that it was opened because of a Bootstrap action, so whoever is there can be used to reach the
	// overlay before anything is known about it.
	Bootstrap bool
}

// A Request is a message to send and to be answered.
type Request struct {
	// Dest is the destination list: a resource, a node, or peers on the way and then one of these.
	Dest []wire.Destination
	Body wire.Body

	// Certificates are of the signers of values in Body other than this node (SIG-7).
	Certificates [][]byte
}

// A Response is the answer to a Request.
type Response struct {
	Body   wire.Body
	From   Signer
	Values []Value // of a FetchAns: those whose signature holds, synthesized ones left out

	// Partial says that some values of a FetchAns were left out because their signatures do not hold (7.4.2.2).
	Partial bool
}

// A Value is a verified value of a FetchAns.
type Value struct {
	Kind   wire.KindID
	Data   wire.StoredData
	Signer Signer
}

// Done is called with the answer or the error, at most once, during a later call of the Core or during Do itself.
type Done func(now time.Time, r Response, err error)

// A Core is one node's protocol. Its methods are not safe for concurrent use.
type Core struct{}

// New returns a core. A first peer is in the ring at once; others begin with a Bootstrap action in the outbox.
func New(cfg Config, now time.Time) *Core { return &Core{} }

// LinkUp tells of a new link.
func (c *Core) LinkUp(now time.Time, l Link) {}

// LinkDown tells that a link is gone, or so silent that it is as good as gone.
func (c *Core) LinkDown(now time.Time, id LinkID) {}

// DialFailed tells that no connection came of a Dial.
func (c *Core) DialFailed(now time.Time, node wire.NodeID) {}

// BootstrapFailed tells that no connection came of a Bootstrap.
func (c *Core) BootstrapFailed(now time.Time) {}

// Receive takes a message as it came from a link. It is routed on, or asked to be verified if it is for this node.
func (c *Core) Receive(now time.Time, from LinkID, m *wire.Message) {}

// Verified gives back a Verify whose message's signature holds, with its signer, and what became of each of its
// values, in order.
func (c *Core) Verified(now time.Time, v *Verify, signer Signer, values []ValueSigner) {}

// Timeout does whatever is due at now.
func (c *Core) Timeout(now time.Time) {}

// Deadline is the earliest time something is due. Maintenance of the ring never ends, so it is never zero.
func (c *Core) Deadline() time.Time { return time.Time{} }

// Outbox returns the actions since the last call, in order.
func (c *Core) Outbox() []Action { return nil }

// Do sends a request, again and again until it is answered (6.2.1), and calls done with the answer.
func (c *Core) Do(now time.Time, r Request, done Done) {}

// Reply answers a request that an AppAttach or Document action told of: by body, or, if err is not nil, by an error
// response (wire.ErrorCode or *wire.ErrorResponse; else Error_Invalid_Message with its text). Late replies are dropped.
func (c *Core) Reply(now time.Time, id ReplyID, body wire.Body, err error) {}

// SetCandidates changes the addresses that Attach tells.
func (c *Core) SetCandidates(candidates []wire.IceCandidate) {}

// SetSettings applies a configuration document that the owner has verified, and passes it on to directly connected
// nodes if its sequence differs from the present one.
func (c *Core) SetSettings(now time.Time, s Settings) {}

// Leave hands the stored values over, says goodbye to the neighbors (6.4.2.2) and calls done, after 5 s at the latest.
// The owner then closes the links.
func (c *Core) Leave(now time.Time, done func(now time.Time)) {}

// Path is the destination list by which others reach this node: a peer's is itself, a client's is the peer it is
// attached to and itself. Nil while it is not connected.
func (c *Core) Path() []wire.Destination { return nil }

// State is a snapshot for people and dashboards.
func (c *Core) State() State { return State{} }

// A State is what a core says of itself.
type State struct {
	Phase        Phase
	Predecessors []wire.NodeID // nearest first
	Successors   []wire.NodeID // nearest first
	Fingers      []wire.NodeID // ascending
	Connected    []wire.NodeID // every node with a link, ascending
	Stored       int           // values kept, replicas included
	Requests     int           // requests waiting for an answer
}

// A Phase is where a node stands in its life.
type Phase uint8

// The phases.
const (
	Bootstrapping Phase = iota + 1 // looking for a way into the overlay
	Joining                        // a peer on its way into the ring
	Joined                         // a peer in the ring
	Attached                       // a client with a link to a peer
	Left
)

// String is the phase in a word.
func (p Phase) String() string {
	return [...]string{"unknown", "bootstrapping", "joining", "joined", "attached", "left"}[min(p, Left)]
}
