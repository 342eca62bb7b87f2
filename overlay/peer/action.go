package peer

import (
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// LinkID names one link of the owner. It is never used twice.
type LinkID uint64

// An Action is something that a Core asks its owner to do. It is one of the pointer types below.
type Action interface{ action() }

// Send says to write one message to a link. If the link is gone or its queue is full, drop it: requests are sent
// again by the Core.
type Send struct {
	Link   LinkID
	Header wire.ForwardingHeader // complete but for the length field

	// Contents is the MessageContents. With Sign, sign it with the node's own key, and put the own certificate
	// and Certificates into the security block, each once, root certificates left out (SIG-7).
	Contents     []byte
	Sign         bool
	Certificates [][]byte // DER, of the signers of values inside

	// Forward, if set, is the message to pass on as it came, under Header: contents and security block untouched.
	Forward *wire.Message
}

// Verify says to check the signature of a message for this node and of every value in it. If the message's own
// signature holds, call Verified with this action and what was found; else drop the message. Checking may take
// its time elsewhere; drop the message, too, when too many wait.
type Verify struct {
	Link    LinkID // where it came from
	Message *wire.Message
	Values  []Stored // to be checked one by one

	in incoming // what the core has decoded already
}

// Stored is a value with what its signature covers besides (7.1). Values synthesized by the storing peer, without a
// signature, are never asked to be checked.
type Stored struct {
	Resource wire.ResourceID
	Kind     wire.KindID
	Data     *wire.StoredData
}

// A Signer is the verified signer of a message or a value. Its certificate is kept and sent along with the value.
type Signer = store.Signer

// A ValueSigner is what became of one of the Values of a Verify: the signer, or the reason why it does not hold.
type ValueSigner struct {
	Signer Signer
	Err    error
}

// Dial says to connect to a node that asked for a link by Attach, as TLS client (ATT-7), trying its candidates, and
// to check that the node's certificate is Node's. Then LinkUp, or DialFailed.
type Dial struct {
	Node       wire.NodeID
	Candidates []wire.IceCandidate
}

// Bootstrap says to try to connect to one bootstrap node: the next of those in the document, configured, or seen
// before. Then LinkUp with Bootstrap set, or BootstrapFailed. The Core asks again with growing pauses.
type Bootstrap struct{}

// Close says to close a link after what was sent before has been written. LinkDown need not be called but may.
type Close struct {
	Link   LinkID
	Reason string
}

// AppAttach tells of an AppAttach request for this node (6.5.2). Answer it by Reply with ID within 15 s: an
// *wire.AppAttachAns, or an error: a wire.ErrorCode or *wire.ErrorResponse (Error_Not_Found for an application that is
// not served here). As the answerer is active, the owner then connects to the candidates in Request as TLS client.
type AppAttach struct {
	ID      ReplyID
	From    Signer
	Request *wire.AppAttachReq
}

// Document tells of a configuration document that came by ConfigUpdate, or of Kinds (6.5.4). Verify it against the present
// one, then call SetSettings and Reply with a *wire.ConfigUpdateAns; else Reply with the reason as a wire.ErrorCode.
type Document struct {
	ID    ReplyID
	From  Signer
	Raw   []byte   // the document; nil: Kinds
	Kinds [][]byte // kind-block elements
}

// Changed tells that State or Path are different now. A client publishes its new path.
type Changed struct{}

func (*Send) action()      {}
func (*Verify) action()    {}
func (*Dial) action()      {}
func (*Bootstrap) action() {}
func (*Close) action()     {}
func (*AppAttach) action() {}
func (*Document) action()  {}
func (*Changed) action()   {}

// ReplyID names a request that the owner is to answer.
type ReplyID uint64
