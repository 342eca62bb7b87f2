package media

import (
	"log/slog"
	"net/netip"
)

// Config describes an Engine.
type Config struct {
	// Listen is the address the sockets bind to; the zero value binds to all IPv4 addresses.
	Listen netip.Addr
	// Advertise is the address written into SDP for peers that are not on this host; the zero value takes Listen,
	// or the address from which the system would reach the session's peer.
	Advertise netip.Addr
	// PortMin and PortMax bound the UDP ports, both included; a session takes two. Zero: any free ports.
	PortMin, PortMax uint16
	// Logger receives what an operator may want to know; nil logs nothing.
	Logger *slog.Logger
}

// EngineStats counts over all sessions of an engine, ended ones included.
type EngineStats struct {
	Sessions                 int    // open now
	Sent, Received, Strays   uint64 // packets
	SentBytes, ReceivedBytes uint64 // payload bytes
}

// An Engine owns the media ports and the sessions that use them.
type Engine struct{ cfg Config }

// NewEngine starts an engine.
func NewEngine(cfg Config) (*Engine, error) { return &Engine{cfg: cfg}, nil }

// NewSession opens the ports of a session and starts to listen on them. It sends nothing before a description of the
// far side is known. The errors are ErrNoPort, ErrClosed and the system's.
func (e *Engine) NewSession(cfg SessionConfig) (*Session, error) { return nil, ErrNoPort }

// Stats counts.
func (e *Engine) Stats() EngineStats { return EngineStats{} }

// Close closes every session that is left and waits for their goroutines.
func (e *Engine) Close() error { return nil }
