package store

import (
	"time"

	"tandem/overlay/wire"
)

// A Signer is the verified signer of a value or a message.
type Signer struct {
	NodeID      wire.NodeID // the Node-ID its SignerIdentity names
	User        string      // rfc822Name of the certificate
	Certificate []byte      // DER
}

// A Policy is an access control policy (7.3, RFC 7374 5).
type Policy uint8

// The policies.
const (
	UserMatch Policy = iota + 1
	NodeMatch
	UserNodeMatch
	NodeMultiple
	NodeIDMatch // RFC 7374
)

// A Kind says how values of one Kind are kept.
type Kind struct {
	ID     wire.KindID
	Model  wire.DataModel
	Policy Policy

	MaxCount        int // values at one Resource-ID, removed ones included
	MaxSize         int // bytes of one value
	MaxNodeMultiple int // of NodeMultiple: the largest i in H(Node-ID || i)

	// Branching is the branching factor of ReDiR trees, for NodeIDMatch.
	Branching int

	// MaxLifetime bounds how long a value is kept; 0: as asked for.
	MaxLifetime time.Duration
}

// Kinds are the Kinds known in an overlay.
type Kinds map[wire.KindID]Kind

// Model is the data model of a Kind, 0 when it is not known: a wire.Models.
func (k Kinds) Model(id wire.KindID) wire.DataModel { return k[id].Model }

// Registered returns the Kinds of the registry that tandem stores. branching is the branching factor of ReDiR trees (10
// if the configuration document does not say, RFC 7374 8). Change limits in the result as the document's kind-blocks say.
func Registered(branching int) Kinds {
	list := []Kind{
		{ID: wire.KindSIPRegistration, Model: wire.ModelDictionary, Policy: UserNodeMatch, MaxCount: 32, MaxSize: 1024},
		{ID: wire.KindTURNService, Model: wire.ModelSingle, Policy: NodeMultiple, MaxCount: 1, MaxSize: 64, MaxNodeMultiple: 20},
		{ID: wire.KindCertificateByNode, Model: wire.ModelArray, Policy: NodeMatch, MaxCount: 8, MaxSize: 4096},
		{ID: wire.KindCertificateByUser, Model: wire.ModelArray, Policy: UserMatch, MaxCount: 32, MaxSize: 4096},
		{ID: wire.KindReDiR, Model: wire.ModelDictionary, Policy: NodeIDMatch, MaxCount: 256, MaxSize: 1024, Branching: branching},
	}
	kinds := Kinds{}
	for _, k := range list {
		kinds[k.ID] = k
	}
	return kinds
}
