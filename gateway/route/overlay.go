package route

import (
	"context"
	"net"
)

// Overlay is what call routing needs of the overlay network. overlay/sipusage and overlay/redir stand behind it.
type Overlay interface {
	// Locate finds the nodes where an AoR is registered (RFC 7904); ErrNotRegistered when there is none.
	Locate(ctx context.Context, aor string) ([]Contact, error)

	// Services finds providers of a service (RFC 7374), the best first; ErrNoService when there is none. The
	// search key is the hash of key; with a nil key it is this node's own Node-ID, which spreads callers.
	Services(ctx context.Context, name string, key []byte) ([]Contact, error)

	// Connect opens a new mutually authenticated SIPS connection to that node (AppAttach, application 5061).
	Connect(ctx context.Context, c Contact) (net.Conn, Peer, error)
}

// A Contact is a node of the overlay and the way to it.
type Contact struct {
	Node string // Node-ID in lower-case hex
	Path []byte // destination list, opaque to the gateway
}

// A Peer is the proven identity at the far end of a connection.
type Peer struct {
	Node string // Node-ID in lower-case hex
	User string // the certificate's rfc822Name, lower case: the AoR
}

// Names of the services that a tandem offers (RFC 7374 namespaces).
const (
	ServiceGateway   = "pstn-gateway"
	ServiceVoicemail = "voice-mail"
	ServiceAttendant = "auto-attendant"
)

// prefixDigits is how many digits of a number can name a gateway of their own: a country code and an area.
const prefixDigits = 5

// GatewayServices returns the namespaces in which a gateway for number may be registered, the most specific
// first: "pstn-gateway:+12125" … "pstn-gateway:+1", "pstn-gateway".
func GatewayServices(number E164) []string {
	digits := min(len(number)-1, prefixDigits)
	names := make([]string, 0, prefixDigits+1)
	for n := digits; n > 0; n-- {
		names = append(names, ServiceGateway+":"+string(number[:n+1]))
	}
	return append(names, ServiceGateway)
}

// VoicemailKey is the search key under which all callers find the same voicemail provider for aor.
func VoicemailKey(aor string) []byte { return []byte(aor) }
