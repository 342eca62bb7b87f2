package sipusage

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"tandem/overlay/wire"
)

// maxAoR bounds an AoR, in bytes.
const maxAoR = 320

// ParseAoR brings an AoR into the form that is hashed: no scheme, no parameters, %-escapes decoded, the domain in
// lower case (RFC 7904 7). The error wraps ErrBadAoR.
func ParseAoR(s string) (string, error) {
	aor := withoutScheme(s)
	aor, _, _ = strings.Cut(aor, ";")
	aor, err := url.PathUnescape(aor)
	at := strings.LastIndexByte(aor, '@')
	if err != nil || at < 1 || at == len(aor)-1 || len(aor) > maxAoR || strings.ContainsAny(aor, "\x00\r\n") {
		return "", fmt.Errorf("%w: %.100q", ErrBadAoR, s)
	}
	return aor[:at+1] + strings.ToLower(aor[at+1:]), nil
}

func withoutScheme(s string) string {
	if scheme, rest, ok := strings.Cut(s, ":"); ok {
		switch strings.ToLower(scheme) {
		case "sip", "sips":
			return rest
		}
	}
	return s
}

// gruuEncoding is base64 with "~" for "=" (RFC 7904 6).
var gruuEncoding = base64.StdEncoding.WithPadding('~')

// GRUU is an address that leads to one node of a user directly: its destination list is part of it (RFC 7904 6).
func GRUU(aor string, path []wire.Destination) (string, error) {
	list, err := wire.MarshalDestinations(path)
	if err != nil {
		return "", fmt.Errorf("GRUU of %s: %w", aor, err)
	}
	return aor + ";gr=" + gruuEncoding.EncodeToString(list), nil
}

// parseGRUU returns the contact a GRUU leads to; ok is false for what is none.
func parseGRUU(s string) (c Contact, ok bool) {
	address, params, _ := strings.Cut(withoutScheme(s), ";")
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(name, "gr") || value == "" {
			continue
		}
		list, err := gruuEncoding.DecodeString(value)
		if err != nil {
			return Contact{}, false
		}
		path, err := wire.UnmarshalDestinations(list)
		if err != nil {
			return Contact{}, false
		}
		aor, err := ParseAoR(address)
		if err != nil {
			return Contact{}, false
		}
		return contact(aor, path, "")
	}
	return Contact{}, false
}

// contact checks that a path ends in a node, which the far side can then be held to.
func contact(aor string, path []wire.Destination, prefs string) (Contact, bool) {
	if len(path) == 0 || len(path) > maxPath || path[len(path)-1].Type != wire.DestinationNode {
		return Contact{}, false
	}
	return Contact{AoR: aor, NodeID: path[len(path)-1].Node, Path: path, Prefs: prefs}, true
}

// maxPath bounds a destination list.
const maxPath = 8
