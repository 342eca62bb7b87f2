// Command tandem joins a peer-to-peer SIP overlay to the telephone network.
//
// This comment is the map of the whole. One binary is the server peer (serve), the user's overlay phone (phone, call),
// and the tools around them. The packages, from the wire up:
//
//	overlay              Node, a running peer or client of a RELOAD overlay (RFC 6940)
//	  wire               messages and their bytes
//	  chord store peer   the protocol as pure state machines: no goroutine, socket or clock
//	  cert config enroll identities, the configuration document, enrollment by invitation
//	  link               TLS over TCP with the framing header
//	  redir sipusage     who offers a service (RFC 7374), where a user is (RFC 7904)
//	  sim                thousands of peers in virtual time
//	gateway              Gateway, calls between the overlay and the trunks
//	  call               Leg, Handler, Cause: the vocabulary of a call
//	  sipua trunk        SIP user agent on sipgo, trunks
//	  media codec        RTP, SRTP, G.711, playing and recording
//	  prompt             spoken parts
//	  route b2bua cdr    where a call goes, two legs bridged, call records
//	  phone              the user's side
//	voicemail attendant  call.Handlers: the mailbox, the menu
//	web                  the portal and its API; account: users, invitations, devices
//	migrations           the schema; privpg: a private Postgres; pgtest: a database for a test
//
// overlay and gateway do not know each other. gateway/route says what it wants of an overlay; this package satisfies
// it with overlay/sipusage and overlay/redir (network.go) and introduces everybody to everybody (serve.go).
//
// Ways through this package: serve.go starts the parts in order and stops them in reverse; authority.go keeps the
// overlay's certificate authority and document in the database; phone.go and call.go are the user's side; demo.go runs
// all of it as processes of its own binary; package carrier is the telephone network of the demo.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/emiago/sipgo/sip"
)

// version is set by the build.
var version = "dev"

// cli is the command line: one field a command.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server peer: overlay, gateway, voicemail, portal."`
	Phone   phoneCmd   `cmd:"" help:"Run a user's overlay phone: register any softphone at it."`
	Enroll  enrollCmd  `cmd:"" help:"Get a certificate with an invitation link."`
	Call    callCmd    `cmd:"" help:"Place one call as an overlay client."`
	Demo    demoCmd    `cmd:"" help:"Show everything on loopback: a call, a voicemail, the portal."`
	Carrier carrierCmd `cmd:"" help:"Run a small SIP carrier to try things with."`
	Overlay overlayCmd `cmd:"" help:"Look into the overlay."`

	Sim     simCmd     `cmd:"" help:"Run an overlay of many peers in virtual time."`
	Apply   applyCmd   `cmd:"" help:"Set up users, trunks, numbers, routes and menus from a file."`
	Config  configCmd  `cmd:"" help:"Check or print the configuration."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// errUsage marks errors of the command line itself: exit status 2.
var errUsage = errors.New("usage")

// errCancelled: the user called it off. That is no failure to be told of.
var errCancelled = errors.New("cancelled")

// A nothingError says that what was asked for is not there: exit status 3, so that a script knows it from a failure.
type nothingError struct{ error }

func (e nothingError) Unwrap() error { return e.error }

func main() {
	// sipgo refuses to send datagrams above 1300 bytes; a description with SRTP keys is larger. Set before any socket.
	sip.UDPMTUSize = 65507
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("tandem"), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("Joins a peer-to-peer SIP overlay to the telephone network."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "tandem:", err)
		return 1
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tandem: %v; see tandem --help\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second interrupt ends the process at once, except in serve (secondSignal): politeness must not hold anybody up.
	context.AfterFunc(ctx, stop)
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errCancelled):
		fmt.Fprintln(os.Stderr, errCancelled)
		return 1
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "tandem:", err)
		return 2
	case errors.As(err, new(nothingError)):
		fmt.Fprintln(os.Stderr, "tandem:", err)
		return 3
	default:
		fmt.Fprintln(os.Stderr, "tandem:", err)
		return 1
	}
}
