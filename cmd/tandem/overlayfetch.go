package main

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tandem/overlay"
	"tandem/overlay/sipusage"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

type overlayFetchCmd struct {
	lookInto
	Kind  string `arg:"" help:"sip-registration, redir, certificate_by_node, certificate_by_user, turn-service, or a Kind-ID (0xf0000001)."`
	Name  string `arg:"" help:"An address, a Node-ID or a namespace, as the Kind has it; or resource:HEX, a Resource-ID."`
	Level uint16 `help:"Of redir: the level of the tree node."`
	Node  uint16 `help:"Of redir: the number of the tree node in its level."`
}

// Run prints the values that exist and whose signatures hold.
func (c overlayFetchCmd) Run(ctx context.Context) error {
	kind, err := kindOf(c.Kind)
	if err != nil {
		return err
	}
	at, err := c.resource(kind)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		found, err := node.Fetch(ctx, at, kind)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, nothingError{fmt.Errorf("no %v is stored under %s", kind, c.Name)}
		}
		var out values
		for _, v := range found {
			out = append(out, valueOf(kind, at, v))
		}
		return out, nil
	})
}

// kindOf is a registered Kind by its name in any spelling, or any by its number.
func kindOf(name string) (wire.KindID, error) {
	spelled := strings.ReplaceAll(name, "_", "-")
	for _, k := range []wire.KindID{
		wire.KindSIPRegistration, wire.KindTURNService, wire.KindCertificateByNode, wire.KindCertificateByUser, wire.KindReDiR,
	} {
		if strings.EqualFold(spelled, strings.ReplaceAll(k.String(), "_", "-")) {
			return k, nil
		}
	}
	n, err := strconv.ParseUint(name, 0, 32)
	if err != nil || n == 0 {
		return 0, usage("%q is no Kind: see tandem overlay fetch --help", name)
	}
	return wire.KindID(n), nil
}

// resource is where values of a Kind are stored under the name given.
func (c overlayFetchCmd) resource(kind wire.KindID) (at wire.ResourceID, err error) {
	if digits, ok := strings.CutPrefix(c.Name, "resource:"); ok {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != len(at) {
			return at, usage("a Resource-ID is 32 hexadecimal digits")
		}
		return wire.ResourceID(raw), nil
	}
	switch kind {
	case wire.KindSIPRegistration:
		aor, err := sipusage.ParseAoR(c.Name)
		if err != nil {
			return at, usage("%v", err)
		}
		return wire.HashResource([]byte(aor)), nil
	case wire.KindReDiR:
		return store.RedirResource(c.Name, c.Level, c.Node), nil
	case wire.KindCertificateByNode:
		id, err := wire.ParseNodeID(c.Name)
		if err != nil {
			return at, usage("a Node-ID is 32 hexadecimal digits")
		}
		return wire.HashResource(id[:]), nil
	}
	return wire.HashResource([]byte(c.Name)), nil
}

// values are what is stored, verified.
type values []value

type value struct {
	Resource string    `json:"resource_id"`
	Kind     string    `json:"kind"`
	Key      string    `json:"key,omitempty"`
	Index    uint32    `json:"index,omitempty"`
	Stored   time.Time `json:"stored"`
	Lifetime int       `json:"lifetime_seconds"` // what is left
	Signer   string    `json:"signer"`           // Node-ID
	User     string    `json:"user"`
	Data     string    `json:"data"` // in hexadecimal
	Means    string    `json:"means,omitempty"`
}

func valueOf(kind wire.KindID, at wire.ResourceID, v overlay.Value) value {
	return value{
		Resource: at.String(), Kind: kind.String(), Key: hex.EncodeToString([]byte(v.Key)), Index: v.Index, Stored: v.StorageTime.UTC(),
		Lifetime: int(v.Lifetime.Seconds()), Signer: v.Signer.NodeID.String(), User: v.Signer.User,
		Data: hex.EncodeToString(v.Data), Means: meaning(kind, v.Data),
	}
}

// meaning says what the value of a registered Kind says.
func meaning(kind wire.KindID, data []byte) string {
	switch kind {
	case wire.KindSIPRegistration:
		var r wire.SIPRegistration
		switch err := r.UnmarshalBinary(data); {
		case err != nil:
		case r.Type == wire.SIPRegistrationURI:
			return "look for " + strconv.Quote(r.URI)
		case r.Type == wire.SIPRegistrationRoute:
			return "reached by way of " + way(r.Route)
		}
	case wire.KindReDiR:
		var r wire.RedirServiceProvider
		if r.UnmarshalBinary(data) == nil {
			return fmt.Sprintf("provides %q, reached by way of %s", r.Namespace, way(r.Route))
		}
	case wire.KindCertificateByNode, wire.KindCertificateByUser:
		if c, err := x509.ParseCertificate(data); err == nil {
			return fmt.Sprintf("certificate of %q until %s", strings.Join(c.EmailAddresses, " "), c.NotAfter.UTC().Format(time.DateTime))
		}
	}
	return ""
}

func way(list []wire.Destination) string {
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = d.String()
	}
	return strings.Join(texts, ", ")
}

func (v values) String() string {
	blocks := make([]string, len(v))
	for i, x := range v {
		what := x.Means
		if what == "" {
			what = fmt.Sprintf("%d bytes: %.200s", len(x.Data)/2, x.Data)
		}
		blocks[i] = fmt.Sprintf("%s\n  by %s, node %s\n  stored %s, to be kept for another %v", what, x.User, x.Signer,
			x.Stored.Format(time.DateTime), time.Duration(x.Lifetime)*time.Second)
	}
	return strings.Join(blocks, "\n")
}
