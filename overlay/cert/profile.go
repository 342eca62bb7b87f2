package cert

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tandem/overlay/wire"
)

// maxNodeIDs bounds the Node-IDs of one certificate: a signature by one with several is matched by trying them all.
const maxNodeIDs = 16

// NodeURI is the RELOAD URI of a node as certificates have it (§11.3, §14.15).
func NodeURI(n wire.NodeID, overlay string) *url.URL {
	list, _ := wire.MarshalDestinations([]wire.Destination{wire.ToNode(n)})
	return &url.URL{Scheme: "reload", User: url.User(hex.EncodeToString(list)), Host: overlay, Path: "/"}
}

// parseNodeURI reads such a URI, and also the bare reload://<Node-ID>@overlay that some implementations write.
func parseNodeURI(u *url.URL, overlay string) (wire.NodeID, error) {
	if u.Scheme != "reload" || u.User == nil || !strings.EqualFold(u.Host, overlay) || strings.Trim(u.Path, "/") != "" {
		return wire.NodeID{}, fmt.Errorf("%w: %q is not a Node-ID of overlay %q", ErrCertificate, u, overlay)
	}
	destination := u.User.Username()
	if len(destination) == hex.EncodedLen(wire.IDLength) {
		return wrapProfile(wire.ParseNodeID(strings.ToLower(destination)))
	}
	raw, err := hex.DecodeString(destination)
	if err != nil {
		return wire.NodeID{}, fmt.Errorf("%w: RELOAD URI: %w", ErrCertificate, err)
	}
	list, err := wire.UnmarshalDestinations(raw)
	if err != nil || len(list) != 1 || list[0].Type != wire.DestinationNode {
		return wire.NodeID{}, fmt.Errorf("%w: %q is not one Node-ID", ErrCertificate, u)
	}
	return list[0].Node, nil
}

func wrapProfile(n wire.NodeID, err error) (wire.NodeID, error) {
	if err != nil {
		return n, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return n, nil
}

// readProfile reads Node-IDs and user name and refuses a certificate with any other name in it (§11.3).
func readProfile(c *x509.Certificate, overlay string) (Peer, error) {
	if err := checkNames(c); err != nil {
		return Peer{}, err
	}
	if c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return Peer{}, fmt.Errorf("%w: it is not for signing", ErrCertificate)
	}
	peer := Peer{User: c.EmailAddresses[0], Certificate: c}
	for _, u := range c.URIs {
		n, err := parseNodeURI(u, overlay)
		if err != nil {
			return Peer{}, err
		}
		if n == wire.Wildcard || peer.Is(n) {
			return Peer{}, fmt.Errorf("%w: Node-ID %v", ErrCertificate, n)
		}
		peer.NodeIDs = append(peer.NodeIDs, n)
	}
	return peer, nil
}

func checkNames(c *x509.Certificate) error {
	switch {
	case len(c.URIs) == 0:
		return fmt.Errorf("%w: no Node-ID in it", ErrCertificate)
	case len(c.URIs) > maxNodeIDs:
		return fmt.Errorf("%w: %d Node-IDs in it", ErrCertificate, len(c.URIs))
	case len(c.EmailAddresses) != 1 || !ValidUser(c.EmailAddresses[0]):
		return fmt.Errorf("%w: not one user name in it: %.100q", ErrCertificate, c.EmailAddresses)
	case !onlyNames(c, cbasn1.Tag(1).ContextSpecific(), cbasn1.Tag(6).ContextSpecific()):
		return fmt.Errorf("%w: names of other types in it", ErrCertificate)
	}
	return nil
}

// ValidUser says that user may be the user name of a certificate. It refuses names that could be read in two ways: control characters, spaces, no or two "@".
func ValidUser(user string) bool {
	name, domain, ok := strings.Cut(user, "@")
	return ok && name != "" && domain != "" && len(user) <= 254 && !strings.ContainsFunc(user, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"\;,:/?#%()[]`, r)
	}) && !strings.Contains(domain, "@")
}

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// onlyNames says that the subjectAltName holds no names but those of these GeneralName tags. x509 leaves out the
// types it does not know, so its fields cannot tell.
func onlyNames(c *x509.Certificate, tags ...cbasn1.Tag) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidSubjectAltName) {
			return onlyTags(e.Value, tags)
		}
	}
	return false
}

func onlyTags(der []byte, tags []cbasn1.Tag) bool {
	var names cryptobyte.String
	s := cryptobyte.String(der)
	if !s.ReadASN1(&names, cbasn1.SEQUENCE) {
		return false
	}
	for !names.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&name, &tag) || tag != tags[0] && tag != tags[1] {
			return false
		}
	}
	return true
}
