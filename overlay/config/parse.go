package config

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/overlay/wire"
)

// XML namespaces (RFC 6940 §11.1, RFC 7374 §9).
const (
	nsBase  = "urn:ietf:params:xml:ns:p2p:config-base"
	nsChord = "urn:ietf:params:xml:ns:p2p:config-chord"
	nsRedir = "urn:ietf:params:xml:ns:p2p:redir"
)

// Parse reads the configuration of the overlay name, or the first one if name is empty. It verifies nothing. The error
// wraps ErrMalformed.
func Parse(raw []byte, name string) (*Document, error) {
	if len(raw) > MaxSize || !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: too long or not UTF-8", ErrMalformed)
	}
	d, err := find(raw, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	d.Raw = bytes.Clone(raw)
	return d, nil
}

// scanner walks over a document and knows where in its bytes it is.
type scanner struct {
	raw []byte
	dec *xml.Decoder
}

// find goes through all configurations, so that what stands behind the one wanted is well-formed, too.
func find(raw []byte, name string) (*Document, error) {
	s := &scanner{raw: raw, dec: xml.NewDecoder(bytes.NewReader(raw))}
	if err := s.enterOverlay(); err != nil {
		return nil, err
	}
	var found, current *Document
	for {
		before := s.dec.InputOffset()
		token, err := s.dec.Token()
		if err != nil {
			return found, s.end(err, found, name)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			if err := refuseDirective(token); err != nil {
				return nil, err
			}
			continue
		}
		switch start.Name {
		case xml.Name{Space: nsBase, Local: "configuration"}:
			if current, err = s.configuration(start, before, name); err != nil {
				return nil, err
			}
			if found == nil {
				found = current
			}
		case xml.Name{Space: nsBase, Local: "signature"}:
			if err := s.signature(start, current); err != nil {
				return nil, err
			}
		default:
			if err := s.dec.Skip(); err != nil {
				return nil, err
			}
		}
	}
}

// end makes of the end of the document an answer.
func (s *scanner) end(err error, found *Document, name string) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case found == nil:
		return fmt.Errorf("no configuration for overlay %q", name)
	}
	return nil
}

func (s *scanner) enterOverlay() error {
	for {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		if err := refuseDirective(token); err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name != (xml.Name{Space: nsBase, Local: "overlay"}) {
				return fmt.Errorf("it begins with element %q", start.Name.Local)
			}
			return nil
		}
	}
}

func refuseDirective(token xml.Token) error {
	if _, ok := token.(xml.Directive); ok {
		return errors.New("a document type declaration")
	}
	return nil
}

// configuration reads one; nil if it is for another overlay.
func (s *scanner) configuration(start xml.StartElement, before int64, name string) (*Document, error) {
	var x xmlConfiguration
	if err := s.dec.DecodeElement(&x, &start); err != nil {
		return nil, err
	}
	if name != "" && !strings.EqualFold(x.Name, name) {
		return nil, nil
	}
	d, err := x.document()
	if err != nil {
		return nil, err
	}
	d.signed = bytes.Clone(s.raw[before:s.dec.InputOffset()])
	return d, attachKinds(d)
}

// signature belongs to the configuration before it.
func (s *scanner) signature(start xml.StartElement, to *Document) error {
	var text string
	if err := s.dec.DecodeElement(&text, &start); err != nil {
		return err
	}
	block, err := decodeBase64(text)
	if err == nil && to != nil {
		to.signatures = append(to.signatures, block)
	}
	return err
}

// attachKinds finds the bytes of the kind elements, in the order in which they were read.
func attachKinds(d *Document) error {
	dec := xml.NewDecoder(bytes.NewReader(d.signed))
	found := 0
	for {
		before := dec.InputOffset()
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "kind" {
			continue
		}
		if err := dec.Skip(); err != nil {
			return err
		}
		if found == len(d.Kinds) {
			return errors.New("a kind element in a place of its own")
		}
		d.Kinds[found].raw = d.signed[before:dec.InputOffset()]
		found++
	}
	if found != len(d.Kinds) {
		return errors.New("kind elements do not add up")
	}
	return nil
}

func decodeBase64(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

// xmlConfiguration is the configuration element as it stands.
type xmlConfiguration struct {
	Name       string  `xml:"instance-name,attr"`
	Expiration string  `xml:"expiration,attr"`
	Sequence   *string `xml:"sequence,attr"`

	Topology          *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base topology-plugin"`
	NodeIDLength      *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base node-id-length"`
	Roots             []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base root-cert"`
	EnrollmentServers []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base enrollment-server"`
	SelfSigned        *xmlDigest     `xml:"urn:ietf:params:xml:ns:p2p:config-base self-signed-permitted"`
	Bootstrap         []xmlAddress   `xml:"urn:ietf:params:xml:ns:p2p:config-base bootstrap-node"`
	TURNDensity       *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base turn-density"`
	ClientsPermitted  *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base clients-permitted"`
	NoICE             *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base no-ice"`
	SharedSecret      string         `xml:"urn:ietf:params:xml:ns:p2p:config-base shared-secret"`
	MaxMessageSize    *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base max-message-size"`
	InitialTTL        *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base initial-ttl"`
	Reliability       *string        `xml:"urn:ietf:params:xml:ns:p2p:config-base overlay-reliability-timer"`
	LinkProtocols     []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base overlay-link-protocol"`
	Signers           []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base configuration-signer"`
	KindSigners       []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base kind-signer"`
	BadNodes          []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base bad-node"`
	Extensions        []string       `xml:"urn:ietf:params:xml:ns:p2p:config-base mandatory-extension"`
	KindBlocks        []xmlKindBlock `xml:"urn:ietf:params:xml:ns:p2p:config-base required-kinds>kind-block"`

	Diagnostics []xmlDiagnosticAccess `xml:"urn:ietf:params:xml:ns:p2p:config-diagnostics diagnostic-kind"`

	UpdateInterval *string `xml:"urn:ietf:params:xml:ns:p2p:config-chord chord-update-interval"`
	PingInterval   *string `xml:"urn:ietf:params:xml:ns:p2p:config-chord chord-ping-interval"`
	Reactive       *string `xml:"urn:ietf:params:xml:ns:p2p:config-chord chord-reactive"`
	Branching      *string `xml:"urn:ietf:params:xml:ns:p2p:redir branching-factor"`
}

type xmlDigest struct {
	Digest string `xml:"digest,attr"`
	Text   string `xml:",chardata"`
}

type xmlAddress struct {
	Address string  `xml:"address,attr"`
	Port    *string `xml:"port,attr"`
}

type xmlKindBlock struct {
	Kinds     []xmlKind `xml:"kind"`
	Signature string    `xml:"kind-signature"`
}

type xmlKind struct {
	Name     *string `xml:"name,attr"`
	ID       *string `xml:"id,attr"`
	Model    string  `xml:"data-model"`
	Access   string  `xml:"access-control"`
	MaxCount *string `xml:"max-count"`
	MaxSize  *string `xml:"max-size"`
	Multiple *string `xml:"max-node-multiple"`

	// RFC 7374 says "inside the REDIR kind element"; its grammar has it in the configuration. Both are read.
	Branching *string `xml:"urn:ietf:params:xml:ns:p2p:redir branching-factor"`
}

// reader converts texts and keeps the first error.
type reader struct{ err error }

func (r *reader) fail(what, text string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %.100q", what, text)
	}
}

// number reads an integer in a range into n; an element that is not there leaves it.
func (r *reader) number(what string, text *string, n *int, low, high int) {
	if text == nil {
		return
	}
	v, err := strconv.Atoi(strings.TrimSpace(*text))
	if err != nil || v < low || v > high {
		r.fail(what, *text)
		return
	}
	*n = v
}

// duration reads a number of units.
func (r *reader) duration(what string, text *string, d *time.Duration, unit time.Duration, low int) {
	n := int(*d / unit)
	r.number(what, text, &n, low, int(365*24*time.Hour/unit))
	*d = time.Duration(n) * unit
}

// boolean reads an xsd:boolean.
func (r *reader) boolean(what string, text *string, b *bool) {
	if text == nil {
		return
	}
	switch strings.TrimSpace(*text) {
	case "true", "1":
		*b = true
	case "false", "0":
		*b = false
	default:
		r.fail(what, *text)
	}
}

func (r *reader) nodes(what string, texts []string) []wire.NodeID {
	var out []wire.NodeID
	for _, t := range texts {
		n, err := wire.ParseNodeID(strings.ToLower(strings.TrimSpace(t)))
		if err != nil {
			r.fail(what, t)
			continue
		}
		out = append(out, n)
	}
	return out
}

func trimmed(texts []string) []string {
	for i, t := range texts {
		texts[i] = strings.TrimSpace(t)
	}
	return texts
}

func (x *xmlConfiguration) document() (*Document, error) {
	d, r := defaults(), new(reader)
	d.InstanceName = x.Name
	if d.InstanceName == "" {
		r.fail("instance-name", "")
	}
	sequence := 0
	r.number("sequence", x.Sequence, &sequence, 0, sequences-1)
	d.Sequence = uint16(sequence)
	if x.Expiration != "" {
		var err error
		if d.Expiration, err = time.Parse(time.RFC3339, x.Expiration); err != nil {
			r.fail("expiration", x.Expiration)
		}
	}
	x.readSecurity(d, r)
	x.readNetwork(d, r)
	x.readNumbers(d, r)
	x.readKinds(d, r)
	x.readDiagnostics(d, r)
	return d, r.err
}

func (x *xmlConfiguration) readSecurity(d *Document, r *reader) {
	for _, text := range x.Roots {
		der, err := decodeBase64(text)
		if err != nil {
			r.fail("root-cert", text)
			continue
		}
		// The RFC's own example holds one that is none; a root that nobody can read trusts nobody.
		if c, err := x509.ParseCertificate(der); err == nil {
			d.Roots = append(d.Roots, c)
		}
	}
	if s := x.SelfSigned; s != nil {
		permitted := false
		r.boolean("self-signed-permitted", &s.Text, &permitted)
		switch {
		case permitted && s.Digest == "sha1":
			d.SelfSigned = wire.HashSHA1
		case permitted && s.Digest == "sha256":
			d.SelfSigned = wire.HashSHA256
		case permitted:
			r.fail("self-signed-permitted digest", s.Digest)
		}
	}
	d.SharedSecret = strings.TrimSpace(x.SharedSecret)
	d.ConfigurationSigners = r.nodes("configuration-signer", x.Signers)
	d.KindSigners = r.nodes("kind-signer", x.KindSigners)
	d.BadNodes = r.nodes("bad-node", x.BadNodes)
	d.MandatoryExtensions = trimmed(x.Extensions)
}

func (x *xmlConfiguration) readNetwork(d *Document, r *reader) {
	if x.Topology != nil {
		d.Topology = strings.TrimSpace(*x.Topology)
	}
	d.EnrollmentServers = trimmed(x.EnrollmentServers)
	d.LinkProtocols = trimmed(x.LinkProtocols)
	for _, b := range x.Bootstrap {
		port := DefaultPort
		r.number("bootstrap-node port", b.Port, &port, 1, 65535)
		if b.Address == "" {
			r.fail("bootstrap-node address", b.Address)
		}
		d.Bootstrap = append(d.Bootstrap, net.JoinHostPort(b.Address, strconv.Itoa(port)))
	}
	r.boolean("clients-permitted", x.ClientsPermitted, &d.ClientsPermitted)
	r.boolean("no-ice", x.NoICE, &d.NoICE)
	r.boolean("chord-reactive", x.Reactive, &d.Reactive)
}

func (x *xmlConfiguration) readNumbers(d *Document, r *reader) {
	ttl := int(d.InitialTTL)
	r.number("initial-ttl", x.InitialTTL, &ttl, 1, 255)
	d.InitialTTL = uint8(ttl)
	r.number("node-id-length", x.NodeIDLength, &d.NodeIDLength, 16, 20)
	r.number("turn-density", x.TURNDensity, &d.TURNDensity, 0, 255)
	r.number("max-message-size", x.MaxMessageSize, &d.MaxMessageSize, 1000, 1<<24-1)
	r.number("branching-factor", x.Branching, &d.BranchingFactor, 2, 256)
	r.duration("overlay-reliability-timer", x.Reliability, &d.ReliabilityTimer, time.Millisecond, 200)
	r.duration("chord-update-interval", x.UpdateInterval, &d.UpdateInterval, time.Second, 1)
	r.duration("chord-ping-interval", x.PingInterval, &d.PingInterval, time.Second, 1)
}

func (x *xmlConfiguration) readKinds(d *Document, r *reader) {
	for _, b := range x.KindBlocks {
		if len(b.Kinds) != 1 {
			r.fail("kind-block", "not one kind element")
			return
		}
		k := b.Kinds[0].kind(r)
		if k.ID == wire.KindReDiR {
			r.number("branching-factor", b.Kinds[0].Branching, &d.BranchingFactor, 2, 256)
		}
		var err error
		if k.signature, err = decodeBase64(b.Signature); err != nil {
			r.fail("kind-signature", b.Signature)
		}
		d.Kinds = append(d.Kinds, k)
	}
}

func (x *xmlKind) kind(r *reader) Kind {
	k := Kind{ID: x.id(r), Access: strings.TrimSpace(x.Access)}
	switch strings.TrimSpace(x.Model) {
	case "SINGLE":
		k.Model = wire.ModelSingle
	case "ARRAY":
		k.Model = wire.ModelArray
	case "DICTIONARY":
		k.Model = wire.ModelDictionary
	default:
		r.fail("data-model", x.Model)
	}
	// The registry beats the document (§11.1).
	if m := wire.RegisteredModel(k.ID); m != 0 {
		k.Model, k.Access = m, registeredAccess(k.ID)
	}
	const big = 1<<31 - 1
	k.MaxCount, k.MaxSize = -1, -1
	r.number("max-count", x.MaxCount, &k.MaxCount, 0, big)
	r.number("max-size", x.MaxSize, &k.MaxSize, 0, big)
	r.number("max-node-multiple", x.Multiple, &k.MaxNodeMultiple, 1, 255)
	if k.MaxCount < 0 || k.MaxSize < 0 {
		r.fail("kind", "no max-count or max-size")
	}
	return k
}

func (x *xmlKind) id(r *reader) wire.KindID {
	switch {
	case x.Name != nil:
		for _, k := range registeredKinds {
			if k.String() == *x.Name {
				return k
			}
		}
		r.fail("kind name", *x.Name)
	case x.ID != nil:
		n, err := strconv.ParseUint(strings.TrimSpace(*x.ID), 10, 32)
		if err != nil {
			r.fail("kind id", *x.ID)
		}
		return wire.KindID(n)
	default:
		r.fail("kind", "neither name nor id")
	}
	return 0
}

// registeredKinds are the Kinds with names.
var registeredKinds = []wire.KindID{
	wire.KindSIPRegistration, wire.KindTURNService, wire.KindCertificateByNode, wire.KindCertificateByUser, wire.KindReDiR,
}

// registeredAccess is the access control policy of a registered Kind.
func registeredAccess(k wire.KindID) string {
	switch k {
	case wire.KindSIPRegistration:
		return "USER-NODE-MATCH"
	case wire.KindTURNService:
		return "NODE-MULTIPLE"
	case wire.KindCertificateByNode:
		return "NODE-MATCH"
	case wire.KindCertificateByUser:
		return "USER-MATCH"
	case wire.KindReDiR:
		return "NODE-ID-MATCH"
	}
	return ""
}
