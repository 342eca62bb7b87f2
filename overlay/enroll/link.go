package enroll

import (
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
)

// Invitation is an invitation link taken apart.
type Invitation struct {
	Host   string // "name:port" of the enrollment server
	User   string
	Secret string
	Root   [32]byte // SHA-256 of the authority's certificate
}

var errLink = errors.New("this is not an invitation link: it looks like https://HOST:PORT/join/SECRET?user=NAME#sha256:…")

// ParseInvitation reads an invitation link. Errors do not repeat the link: it is a secret.
func ParseInvitation(link string) (Invitation, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return Invitation{}, errLink
	}
	secret, ok := strings.CutPrefix(u.Path, "/join/")
	pin, pinned := strings.CutPrefix(u.Fragment, "sha256:")
	user := u.Query().Get("user")
	if !ok || secret == "" || strings.Contains(secret, "/") || user == "" {
		return Invitation{}, errLink
	}
	sum, err := hex.DecodeString(pin)
	if !pinned || err != nil || len(sum) != 32 {
		return Invitation{}, errors.New("the invitation link is not complete: the part behind # is missing (put the link in quotes)")
	}
	return Invitation{Host: u.Host, User: user, Secret: secret, Root: [32]byte(sum)}, nil
}
