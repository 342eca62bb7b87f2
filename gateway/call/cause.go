package call

import "strconv"

// Cause says why a leg ended, as an ITU-T Q.850 cause value. It is an error, so that errors.As finds it
// and context.Cause of a leg's context gives it.
type Cause uint8

// The causes used here (Q.850 §2.2).
const (
	Unallocated         Cause = 1
	NormalClearing      Cause = 16
	UserBusy            Cause = 17
	NoUserResponse      Cause = 18
	NoAnswer            Cause = 19
	Rejected            Cause = 21
	InvalidNumber       Cause = 28
	NormalUnspecified   Cause = 31
	NoCircuit           Cause = 34
	NetworkOutOfOrder   Cause = 38
	TemporaryFailure    Cause = 41
	Forbidden           Cause = 57 // bearer capability not authorized
	NotImplemented      Cause = 79
	Incompatible        Cause = 88
	RecoveryTimerExpiry Cause = 102
	Interworking        Cause = 127
)

var causeNames = map[Cause]string{
	Unallocated: "unallocated number", NormalClearing: "normal clearing", UserBusy: "user busy",
	NoUserResponse: "no user responding", NoAnswer: "no answer", Rejected: "call rejected",
	InvalidNumber: "invalid number", NormalUnspecified: "normal, unspecified", NoCircuit: "no circuit available",
	NetworkOutOfOrder: "network out of order", TemporaryFailure: "temporary failure", Forbidden: "not authorized",
	NotImplemented: "not implemented", Incompatible: "incompatible destination",
	RecoveryTimerExpiry: "recovery on timer expiry", Interworking: "interworking",
}

// String names the cause in words.
func (c Cause) String() string {
	if s, ok := causeNames[c]; ok {
		return s
	}
	return "cause " + strconv.Itoa(int(c))
}

func (c Cause) Error() string { return c.String() }

// Reason says why a call came to a mailbox instead of a person (RFC 4458 §2, the SIP status it stands for).
type Reason uint16

// The reasons of RFC 4458 that lead to a mailbox.
const (
	Unconditional Reason = 302
	NotRegistered Reason = 404
	NobodyAnswers Reason = 408
	Deflected     Reason = 487
	Busy          Reason = 486
)
