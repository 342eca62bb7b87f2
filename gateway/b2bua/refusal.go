package b2bua

import (
	"context"
	"errors"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/sipua"
)

// Retryable says whether another place may be tried after this failure: the place was not reached, did not answer in
// the protocol's time, or failed by itself (5xx). A refusal that comes from the called person or number is final, so
// that a telephone does not ring twice.
func Retryable(err error) bool {
	var status *sipua.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case 401, 403, 407, 408, 430:
			return true
		}
		return status.Code >= 500 && status.Code < 600 || status.Code < 400
	}
	var cause call.Cause
	if errors.As(err, &cause) {
		switch cause {
		case call.NoCircuit, call.NetworkOutOfOrder, call.TemporaryFailure, call.RecoveryTimerExpiry, call.NoUserResponse:
			return true
		}
		return false
	}
	return !errors.Is(err, context.Canceled)
}

// Busy says whether the called person is busy.
func Busy(err error) bool {
	return hasStatus(err, 486, 600) || hasCause(err, call.UserBusy)
}

// Declined says whether the called person does not want the call.
func Declined(err error) bool {
	return hasStatus(err, 603, 433) || hasCause(err, call.Rejected)
}

// Unanswered says whether a telephone rang and nobody took it up.
func Unanswered(err error) bool {
	return hasStatus(err, 408, 487) && !errors.Is(err, context.Canceled) || hasCause(err, call.NoAnswer)
}

// ReasonOf says to a mailbox why a call comes to it after this failure (RFC 4458 §2.2).
func ReasonOf(err error) call.Reason {
	switch {
	case Busy(err):
		return call.Busy
	case Declined(err):
		return call.Deflected
	case Unanswered(err):
		return call.NobodyAnswers
	}
	return call.NotRegistered // nowhere, or nowhere to be reached
}

func hasStatus(err error, codes ...int) bool {
	var s *sipua.StatusError
	if !errors.As(err, &s) {
		return false
	}
	for _, c := range codes {
		if s.Code == c {
			return true
		}
	}
	return false
}

func hasCause(err error, c call.Cause) bool {
	var s *sipua.StatusError
	var got call.Cause
	return !errors.As(err, &s) && errors.As(err, &got) && got == c
}

// final says whether a refusal speaks for the callee at every place (6xx).
func final(err error) bool {
	var s *sipua.StatusError
	return errors.As(err, &s) && s.Code >= 600
}

// moreTelling picks of two failures the one to tell the caller (RFC 3261 §16.7 step 6, in the order people care).
func moreTelling(a, b error) error {
	if a == nil || rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(err error) int {
	switch {
	case final(err):
		return 6
	case Busy(err):
		return 5
	case Declined(err):
		return 4
	case hasCause(err, call.NoAnswer):
		return 3
	case Unanswered(err):
		return 2
	case hasStatus(err, 404, 480, 484):
		return 1
	}
	return 0
}

// RefusalOf is the response that tells an incoming leg of a failure on the other side. What belongs between us and the
// next hop (a challenge, a redirection) is not passed on.
func RefusalOf(err error) *sipua.StatusError {
	var s *sipua.StatusError
	if errors.As(err, &s) {
		return passOn(s)
	}
	var c call.Cause
	switch {
	case errors.Is(err, media.ErrNotAcceptable):
		return &sipua.StatusError{Code: 488, Cause: call.Incompatible}
	case errors.Is(err, media.ErrNoPort):
		return &sipua.StatusError{Code: 503, Cause: call.NoCircuit}
	case errors.As(err, &c):
		return &sipua.StatusError{Code: sipua.StatusOf(c), Cause: c}
	case errors.Is(err, ErrUnreachable):
		return &sipua.StatusError{Code: 503, Cause: call.NetworkOutOfOrder}
	case errors.Is(err, context.DeadlineExceeded):
		return &sipua.StatusError{Code: 408, Cause: call.RecoveryTimerExpiry}
	case errors.Is(err, context.Canceled):
		return &sipua.StatusError{Code: 487, Cause: call.NormalClearing}
	}
	return &sipua.StatusError{Code: 500, Cause: call.TemporaryFailure}
}

func passOn(s *sipua.StatusError) *sipua.StatusError {
	out := &sipua.StatusError{Code: s.Code, Reason: s.Reason, Cause: s.Cause, RetryAfter: s.RetryAfter}
	switch {
	case s.Code == 401 || s.Code == 407:
		out.Code, out.Reason = 503, "" // our credentials are no business of the caller's
	case s.Code < 400:
		out.Code, out.Reason = 502, "" // never followed: it would be a call by our name to a place of theirs
	}
	if out.Cause == 0 {
		out.Cause = sipua.CauseOf(s.Code)
	}
	return out
}
