package gateway

import (
	"tandem/gateway/call"
	"tandem/gateway/route"
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
	{route.ErrNotAllowed, 403, "Not Allowed To Call That Number", call.Forbidden},
	{route.ErrNotRegistered, 480, "", call.NoUserResponse},
	{ErrNotFound, 404, "", call.Unallocated},
	{errImpostor, 403, "From Is Not Who The Certificate Says", call.Rejected},
	{errDisabled, 403, "", call.Rejected},
	{ErrForbidden, 403, "Not From Here", call.Forbidden},
	{trunk.ErrUnknown, 503, "", call.NetworkOutOfOrder},
	{trunk.ErrDown, 503, "", call.NetworkOutOfOrder},
	{trunk.ErrFull, 503, "", call.NoCircuit},
}
