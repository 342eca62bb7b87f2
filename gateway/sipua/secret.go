package sipua

import "log/slog"

// Credentials answer digest challenges. The zero value answers none.
type Credentials struct {
	User     string
	Password Secret
	Realm    string // only this realm is answered; empty: the first that the next hop asks for
}

// Secret is a password. It prints as dots everywhere.
type Secret string

const dots = "····"

// String hides the secret.
func (Secret) String() string { return dots }

// GoString hides the secret.
func (Secret) GoString() string { return dots }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(dots) }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(dots), nil }
