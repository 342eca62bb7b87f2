package wire

import "fmt"

// MessageCode says what a message is (§6.3.3, §14.8). Requests are odd; the answer is the request plus one.
type MessageCode uint16

// The message codes of the registry that this package knows.
const (
	CodeProbeReq        MessageCode = 0x01
	CodeProbeAns        MessageCode = 0x02
	CodeAttachReq       MessageCode = 0x03
	CodeAttachAns       MessageCode = 0x04
	CodeStoreReq        MessageCode = 0x07
	CodeStoreAns        MessageCode = 0x08
	CodeFetchReq        MessageCode = 0x09
	CodeFetchAns        MessageCode = 0x0a
	CodeFindReq         MessageCode = 0x0d
	CodeFindAns         MessageCode = 0x0e
	CodeJoinReq         MessageCode = 0x0f
	CodeJoinAns         MessageCode = 0x10
	CodeLeaveReq        MessageCode = 0x11
	CodeLeaveAns        MessageCode = 0x12
	CodeUpdateReq       MessageCode = 0x13
	CodeUpdateAns       MessageCode = 0x14
	CodeRouteQueryReq   MessageCode = 0x15
	CodeRouteQueryAns   MessageCode = 0x16
	CodePingReq         MessageCode = 0x17
	CodePingAns         MessageCode = 0x18
	CodeStatReq         MessageCode = 0x19
	CodeStatAns         MessageCode = 0x1a
	CodeAppAttachReq    MessageCode = 0x1d
	CodeAppAttachAns    MessageCode = 0x1e
	CodeConfigUpdateReq MessageCode = 0x21
	CodeConfigUpdateAns MessageCode = 0x22
	CodePathTrackReq    MessageCode = 0x27 // RFC 7851
	CodePathTrackAns    MessageCode = 0x28
	CodeError           MessageCode = 0xffff
)

// IsRequest says that a message with this code asks for an answer.
func (c MessageCode) IsRequest() bool { return c < 0x8000 && c&1 == 1 }

// Answer is the code of the answer to a request with code c.
func (c MessageCode) Answer() MessageCode { return c + 1 }

// String is the registry's name, or the number.
func (c MessageCode) String() string {
	if c == CodeError {
		return "error"
	}
	name, ok := methods[(c+1)/2]
	switch {
	case !ok:
		return fmt.Sprintf("code %#04x", uint16(c))
	case c.IsRequest():
		return name + "_req"
	}
	return name + "_ans"
}

// methods holds the names by pair of codes.
var methods = map[MessageCode]string{
	0x01: "probe", 0x02: "attach", 0x04: "store", 0x05: "fetch", 0x07: "find", 0x08: "join", 0x09: "leave",
	0x0a: "update", 0x0b: "route_query", 0x0c: "ping", 0x0d: "stat", 0x0f: "app_attach", 0x11: "config_update", 0x14: "path_track",
}

// newBody is an empty Body for code, or nil.
func newBody(code MessageCode) Body {
	switch code {
	case CodeProbeReq:
		return new(ProbeReq)
	case CodeProbeAns:
		return new(ProbeAns)
	case CodeAttachReq:
		return new(AttachReq)
	case CodeAttachAns:
		return new(AttachAns)
	case CodeStoreReq:
		return new(StoreReq)
	case CodeStoreAns:
		return new(StoreAns)
	case CodeFetchReq:
		return new(FetchReq)
	case CodeFetchAns:
		return new(FetchAns)
	case CodeFindReq:
		return new(FindReq)
	case CodeFindAns:
		return new(FindAns)
	case CodeJoinReq:
		return new(JoinReq)
	case CodeJoinAns:
		return new(JoinAns)
	case CodeLeaveReq:
		return new(LeaveReq)
	case CodeLeaveAns:
		return new(LeaveAns)
	case CodeUpdateReq:
		return new(UpdateReq)
	case CodeUpdateAns:
		return new(UpdateAns)
	case CodeRouteQueryReq:
		return new(RouteQueryReq)
	case CodeRouteQueryAns:
		return new(RouteQueryAns)
	case CodePingReq:
		return new(PingReq)
	case CodePingAns:
		return new(PingAns)
	case CodeStatReq:
		return new(StatReq)
	case CodeStatAns:
		return new(StatAns)
	case CodeAppAttachReq:
		return new(AppAttachReq)
	case CodeAppAttachAns:
		return new(AppAttachAns)
	case CodeConfigUpdateReq:
		return new(ConfigUpdateReq)
	case CodeConfigUpdateAns:
		return new(ConfigUpdateAns)
	case CodePathTrackReq:
		return new(PathTrackReq)
	case CodePathTrackAns:
		return new(PathTrackAns)
	case CodeError:
		return new(ErrorResponse)
	}
	return nil
}
