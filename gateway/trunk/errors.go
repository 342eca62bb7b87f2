package trunk

import "errors"

// What a call through a trunk can fail with.
var (
	ErrUnknown = errors.New("no such trunk")
	ErrDown    = errors.New("trunk is down")
	ErrFull    = errors.New("trunk has no free channel")
)
