package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// A callFailure is why a call did not come about, said to whoever placed it.
type callFailure struct {
	said string
	err  error
}

func (f *callFailure) Error() string { return f.said }
func (f *callFailure) Unwrap() error { return f.err }

// errRangLong: --for was over before somebody answered.
var errRangLong = errors.New("did not answer in the time given by --for")

// explainCall says in one sentence why a call to somebody failed.
func explainCall(to string, err error) error {
	return &callFailure{fmt.Sprintf("call %s: %s", to, failureText(err)), err}
}

// failures are what the caller's own side says.
var failures = []struct {
	err  error
	text string
}{
	{errRangLong, errRangLong.Error()},
	{phone.ErrNowhere, "neither a telephone number nor an address of this overlay"},
	{route.ErrNotANumber, "not a telephone number that can be called"},
	{route.ErrEmergency, "emergency numbers cannot be called from here: use another telephone"},
	{route.ErrNotRegistered, "not there: no phone is registered, and no mailbox takes the call"},
	{route.ErrNoService, "no server of the overlay offers to take the call: is tandem serve running, and was it set up?"},
	{context.DeadlineExceeded, "no answer from the overlay in time: is tandem serve running?"},
}

func failureText(err error) string {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.text
		}
	}
	var s *sipua.StatusError
	if errors.As(err, &s) {
		return refusalText(s)
	}
	if errors.Is(err, b2bua.ErrUnreachable) {
		return "the other side cannot be reached: " + printable(err.Error())
	}
	var c call.Cause
	if errors.As(err, &c) {
		return causeText(c)
	}
	return err.Error()
}

func causeText(c call.Cause) string {
	switch c {
	case call.NoAnswer, call.NoUserResponse:
		return "no answer"
	case call.UserBusy:
		return "busy"
	}
	return c.String()
}

// refusalText says what a status means to the caller, and the far side's own words where they say more.
func refusalText(s *sipua.StatusError) string {
	if s.Local {
		if s.Code == 408 {
			return "no response: the other side is gone, or cannot be reached"
		}
		return "the connection to the other side was lost"
	}
	text := statusText(s.Code)
	if own := ownWords(s); own != "" {
		text += ": " + own
	}
	return fmt.Sprintf("%s (%d)", text, s.Code)
}

func statusText(code int) string {
	switch code {
	case 403:
		return "refused; an administrator may allow it"
	case 404, 604:
		return "unknown: no such number or address"
	case 408:
		return "no answer in time"
	case 410:
		return "no longer in use"
	case 480:
		return "no answer, or not there"
	case 484:
		return "not a complete telephone number"
	case 486, 600:
		return "busy"
	case 488, 606:
		return "no common way to talk (codecs, encryption)"
	case 503:
		return "the call cannot be put through now"
	case 603:
		return "declined"
	}
	if code >= 500 && code < 600 {
		return "the other side failed"
	}
	return "refused"
}

// ownWords is the phrase of a response if it is not the one that everybody sends with the status.
func ownWords(s *sipua.StatusError) string {
	usual := sipua.StatusError{Code: s.Code}
	if s.Reason == "" || s.Error() == usual.Error() {
		return ""
	}
	return strings.ToLower(printable(s.Reason))
}

// maxWords bounds what a stranger may print on our terminal.
const maxWords = 200

// printable takes out of a stranger's text what a terminal would obey.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) && b.Len() < maxWords {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cutOff says whether a call that was up ended by a failure, not because somebody hung up.
func cutOff(c call.Cause) bool {
	switch c {
	case call.NetworkOutOfOrder, call.TemporaryFailure, call.RecoveryTimerExpiry, call.NoCircuit:
		return true
	}
	return false
}
