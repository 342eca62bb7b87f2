package gateway

import (
	"errors"
	"fmt"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// refusals is what a caller is told of our own errors; what the far side said is passed on by package b2bua.
var refusals = []struct {
	err    error
	code   int
	reason string
	cause  call.Cause
}{
	{route.ErrNotANumber, 484, "", call.InvalidNumber},
	{route.ErrEmergency, 403, "No Emergency Calls Here", call.Forbidden},
	{route.ErrUnknownNumber, 404, "", call.Unallocated},
	{route.ErrNoRoute, 404, "No Route To That Number", call.Unallocated},
	{route.ErrNotAllowed, 403, "Not Allowed To Call Out", call.Forbidden},
	{route.ErrNotRegistered, 480, "", call.NoUserResponse},
	{ErrNotFound, 404, "", call.Unallocated},
	{errImpostor, 403, "From Is Not Who The Certificate Says", call.Rejected},
	{errDisabled, 403, "Account Disabled", call.Rejected},
	{ErrForbidden, 403, "Not From Here", call.Forbidden},
	{trunk.ErrUnknown, 503, "The Trunk Is Not Set Up", call.NetworkOutOfOrder},
	{trunk.ErrDown, 503, "The Trunk Is Down", call.NetworkOutOfOrder},
	{trunk.ErrFull, 503, "No Free Line", call.NoCircuit},
}

// errCarrierSilent: the carrier was not reached or said nothing.
var errCarrierSilent = errors.New("the carrier does not answer")

// carrierFailed marks a failure to reach a carrier: what the carrier says itself is passed on as it is.
func carrierFailed(err error) error {
	var s *sipua.StatusError
	local := errors.As(err, &s) && s.Local
	if local || errors.Is(err, b2bua.ErrUnreachable) && !errors.Is(err, media.ErrNoPort) {
		return fmt.Errorf("%w: %w", errCarrierSilent, err)
	}
	return err
}

// refusal is the response to the caller for an error of any kind. The phrase names the kind of trouble, for whoever
// reads it to know whom to ask, and nothing of how we are set up.
func (x *exchange) refusal(err error) *sipua.StatusError {
	var no *route.NotAllowedError
	if errors.As(err, &no) && no.Class != "" {
		return &sipua.StatusError{Code: 403, Reason: "Not Allowed To Call " + string(no.Class) + " Numbers", Cause: call.Forbidden}
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return &sipua.StatusError{Code: r.code, Reason: r.reason, Cause: r.cause}
		}
	}
	s := b2bua.RefusalOf(err)
	if errors.Is(err, errCarrierSilent) {
		s.Reason = "The Carrier Does Not Answer"
	}
	return s
}
