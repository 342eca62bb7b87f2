package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Errors of this package. What they wrap says more.
var (
	ErrMalformed   = errors.New("malformed configuration document")
	ErrSignature   = errors.New("configuration document is not signed by its owner")
	ErrNotNewer    = errors.New("configuration document is not newer")
	ErrUnsupported = errors.New("overlay asks for something that is not supported")
)

// MaxSize is the largest document that is read, in bytes.
const MaxSize = 1 << 20

// CHORDRELOAD is the topology plug-in of RFC 6940 §10.
const CHORDRELOAD = "CHORD-RELOAD"

// DefaultPort of RELOAD links.
const DefaultPort = 6084

// Document is one configuration of a configuration document. Treat it as read-only once it is shared.
type Document struct {
	// Raw is the document as it came or was signed. Sign sets it.
	Raw []byte

	InstanceName string    // the overlay's name, a DNS name
	Sequence     uint16    // 0 to 65534
	Expiration   time.Time // zero: never

	Topology     string // CHORDRELOAD
	NodeIDLength int    // bytes

	Roots             []*x509.Certificate
	EnrollmentServers []string           // https URLs
	SelfSigned        wire.HashAlgorithm // 0: self-signed certificates are not permitted
	SharedSecret      string             // of shared-secret mode, which is not supported

	Bootstrap        []string // "host:port" of bootstrap nodes
	TURNDensity      int      // one in so many nodes is a TURN server; 0: none
	ClientsPermitted bool
	NoICE            bool
	LinkProtocols    []string

	UpdateInterval time.Duration // chord-update-interval, whole seconds
	PingInterval   time.Duration // chord-ping-interval, whole seconds
	Reactive       bool          // chord-reactive

	MaxMessageSize   int // bytes
	InitialTTL       uint8
	ReliabilityTimer time.Duration // overlay-reliability-timer, whole milliseconds; at least 200

	ConfigurationSigners []wire.NodeID
	KindSigners          []wire.NodeID
	BadNodes             []wire.NodeID

	MandatoryExtensions []string // XML namespaces
	BranchingFactor     int      // of ReDiR trees (RFC 7374)
	Kinds               []Kind

	Diagnostics []DiagnosticAccess // who may ask for diagnostic information (RFC 7851)

	signatures []signature
	signed     []byte // the configuration element as it came
}

// Kind is a kind element: what is kept of one Kind of data, and who may store it (§11.1).
type Kind struct {
	ID              wire.KindID
	Model           wire.DataModel
	Access          string // USER-MATCH, NODE-MATCH, USER-NODE-MATCH, NODE-MULTIPLE, NODE-ID-MATCH
	MaxCount        int    // values at one resource
	MaxSize         int    // bytes of one value
	MaxNodeMultiple int    // NODE-MULTIPLE

	raw       []byte // the kind element as it came
	signature []byte // SecurityBlock
	block     []byte // the kind-block that it came in, if that was by itself
}

// signature is a signature element: a decoded SecurityBlock.
type signature []byte

// New is a document with the defaults of RFC 6940, and no-ice and a message size that suits links over TCP.
func New(name string) *Document {
	d := defaults()
	d.InstanceName = name
	d.NoICE = true
	d.MaxMessageSize = 60000
	d.Kinds = []Kind{
		{ID: wire.KindSIPRegistration, Model: wire.ModelDictionary, Access: "USER-NODE-MATCH", MaxCount: 32, MaxSize: 512},
		{ID: wire.KindReDiR, Model: wire.ModelDictionary, Access: "NODE-ID-MATCH", MaxCount: 64, MaxSize: 512},
	}
	return d
}

func defaults() *Document {
	return &Document{
		Topology:         CHORDRELOAD,
		NodeIDLength:     wire.IDLength,
		TURNDensity:      1,
		ClientsPermitted: true,
		UpdateInterval:   600 * time.Second,
		PingInterval:     3600 * time.Second,
		Reactive:         true,
		MaxMessageSize:   5000,
		InitialTTL:       wire.DefaultTTL,
		ReliabilityTimer: 3 * time.Second,
		BranchingFactor:  10,
	}
}

// Trust is what the document says about certificates.
func (d *Document) Trust() cert.Trust {
	return cert.Trust{Roots: d.Roots, BadNodes: d.BadNodes, SelfSigned: d.SelfSigned}
}

// Models tells the data models of the registered Kinds and of the document's own.
func (d *Document) Models() wire.Models {
	own := map[wire.KindID]wire.DataModel{}
	for _, k := range d.Kinds {
		own[k.ID] = k.Model
	}
	return func(k wire.KindID) wire.DataModel {
		if m := wire.RegisteredModel(k); m != 0 {
			return m
		}
		return own[k]
	}
}

// Supported is nil if this implementation can be part of the overlay; the error wraps ErrUnsupported. A node that
// cannot must leave (§11.1).
func (d *Document) Supported() error {
	switch {
	case d.Topology != CHORDRELOAD:
		return fmt.Errorf("%w: topology plug-in %q", ErrUnsupported, d.Topology)
	case d.NodeIDLength != wire.IDLength:
		return fmt.Errorf("%w: Node-IDs of %d bytes", ErrUnsupported, d.NodeIDLength)
	case d.SharedSecret != "":
		return fmt.Errorf("%w: shared-secret security", ErrUnsupported)
	case !d.NoICE:
		return fmt.Errorf("%w: ICE", ErrUnsupported)
	case len(d.LinkProtocols) > 0 && !contains(d.LinkProtocols, "TLS"):
		return fmt.Errorf("%w: overlay link protocols %q", ErrUnsupported, d.LinkProtocols)
	}
	for _, ns := range d.MandatoryExtensions {
		if ns != nsRedir && ns != nsDiagnostics {
			return fmt.Errorf("%w: extension %q", ErrUnsupported, ns)
		}
	}
	return nil
}

func contains[T comparable](list []T, v T) bool {
	for _, have := range list {
		if have == v {
			return true
		}
	}
	return false
}
