package overlay

import (
	"errors"
	"time"

	"tandem/overlay/wire"
)

// Applications (RFC 6940 14.5, RFC 7904 5.1).
const (
	AppSIP  = wire.ApplicationSIP
	AppSIPS = wire.ApplicationSIPS
)

// Errors that a caller branches on. Refusals by other nodes are a wire.ErrorCode, found with errors.As.
var (
	// ErrClosed says that the node was closed.
	ErrClosed = errors.New("overlay node is closed")

	// ErrTimeout says that no answer came within the request lifetime of 15 s (RFC 6940 6.2.1).
	ErrTimeout = errors.New("no answer from the overlay")

	// ErrNotConnected says that no peer of the overlay can be reached now. The node keeps trying.
	ErrNotConnected = errors.New("not connected to the overlay")

	// ErrWrongNode says that the node at the other end is not the one that was asked for.
	ErrWrongNode = errors.New("the other end is not the node that was asked for")
)

// A Value is one stored value of a Kind, as it is to be stored or as it was fetched and verified.
type Value struct {
	Key    wire.DictionaryKey // dictionary key; empty in other data models
	Index  uint32             // array index; wire.AppendIndex appends
	Exists bool               // false removes
	Data   []byte

	// Lifetime is how long it is to be kept from now, or what is left of that when fetched. Whole seconds.
	Lifetime time.Duration

	// StorageTime and Signer are set on fetched values.
	StorageTime time.Time
	Signer      Signer
}

// A Signer says who signed something that was verified.
type Signer struct {
	NodeID wire.NodeID
	User   string // rfc822Name of the certificate
}

// A Pong is the answer to a Ping.
type Pong struct {
	From wire.NodeID
	RTT  time.Duration
	Time time.Time // the responder's clock
}

// Status is a snapshot of a node for people and dashboards.
type Status struct {
	NodeID       string       `json:"node_id"`
	User         string       `json:"user"`
	Overlay      string       `json:"overlay"`
	Client       bool         `json:"client"`
	Phase        string       `json:"phase"`
	Joined       bool         `json:"joined"` // a peer: part of the ring. A client: attached to a peer
	Address      string       `json:"address"`
	SIPAddress   string       `json:"sip_address"`
	Predecessors []string     `json:"predecessors"`
	Successors   []string     `json:"successors"`
	Fingers      []string     `json:"fingers"`
	Links        []LinkStatus `json:"links"`
	Stored       int          `json:"stored"` // values held, replicas included
	Sequence     uint16       `json:"sequence"`
	Peers        []string     `json:"peers"` // addresses to bootstrap from next time

	Started         time.Time `json:"started"`
	Via             string    `json:"via,omitempty"`    // a client: the peer that it is reached through
	Connected       int       `json:"connected"`        // nodes with a link
	Requests        int       `json:"requests"`         // waiting for their answers
	Expiration      time.Time `json:"expiration"`       // of the configuration document; zero: none
	CertificateEnds time.Time `json:"certificate_ends"` // of this node

	Traffic  []Traffic `json:"traffic"`
	Outcomes []Outcome `json:"outcomes"`
	Dropped  uint64    `json:"dropped"` // messages that found a full queue, or were too large to send
	Garbled  uint64    `json:"garbled"` // what members sent that is no message
}

// LinkStatus describes one link.
type LinkStatus struct {
	NodeID   string        `json:"node_id"`
	Address  string        `json:"address"`
	Since    time.Time     `json:"since"`
	RTT      time.Duration `json:"rtt_ns"`
	Silent   bool          `json:"silent"` // no acknowledgment within the RTO (6.6.5)
	Sent     uint64        `json:"sent"`
	Received uint64        `json:"received"`
}
