package sipua

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Bounds of one message. They hold before anything is parsed.
const (
	maxHead    = 32 << 10 // start line and header fields, bytes
	maxBody    = 32 << 10 // bytes
	maxHeaders = 200      // header field lines
	maxVias    = 70       // as many hops as Max-Forwards usually starts with
)

// inspect looks at the bytes of one whole message before sipgo does. It returns 0 if the message is fit to be
// handled, -1 if it is to be dropped in silence, or the status that its sender is to be refused with. What sipgo lets
// pass and we must not: two Content-Length, a CSeq of another method, a SIP/7.0 (RFC 3261 §8.1.1, §16.3, §20).
func inspect(data []byte) int {
	line, _, ok := bytes.Cut(data, []byte("\r\n"))
	if !ok || len(line) < 12 {
		return -1
	}
	if bytes.HasPrefix(line, []byte("SIP/2.0 ")) {
		return inspectResponse(data)
	}
	version := bytes.LastIndexByte(line, ' ')
	if version < 0 || !bytes.HasPrefix(bytes.ToUpper(line[version+1:]), []byte("SIP/")) {
		return -1
	}
	if string(line[version+1:]) != "SIP/2.0" {
		return 505
	}
	return inspectRequest(data)
}

func inspectResponse(data []byte) int {
	msg, err := parse(data)
	if err != nil || msg.Via() == nil || msg.CSeq() == nil || msg.CallID() == nil {
		return -1
	}
	return 0
}

func inspectRequest(data []byte) int {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	if len(head) > maxHead || bytes.Count(head, []byte("\r\n")) > maxHeaders {
		return 513
	}
	if bytes.HasPrefix(data, []byte("ACK ")) {
		return silently(inspectParsed(data)) // an ACK is never answered (§17)
	}
	return inspectParsed(data)
}

func silently(status int) int {
	if status != 0 {
		return -1
	}
	return 0
}

func inspectParsed(data []byte) int {
	msg, err := parse(data)
	if err != nil {
		return 400
	}
	req, ok := msg.(*sip.Request)
	if !ok {
		return -1
	}
	switch {
	case req.Via() == nil || req.From() == nil || req.To() == nil || req.CallID() == nil || req.CSeq() == nil:
		return 400
	case req.CSeq().MethodName != req.Method, !single(req), len(req.GetHeaders("Via")) > maxVias:
		return 400
	case len(req.Body()) > maxBody:
		return 513
	case req.MaxForwards() != nil && req.MaxForwards().Val() > 255:
		return 400
	}
	return inspectURI(&req.Recipient)
}

func inspectURI(u *sip.Uri) int {
	switch u.Scheme {
	case "sip", "sips":
		if u.Host == "" || u.Wildcard || strings.ContainsAny(u.Host+u.User, "<>\" \t") {
			return 400
		}
	case "tel":
	default:
		return 416
	}
	return 0
}

// single says that no header field occurs twice that may occur once only (§7.3.1).
func single(req *sip.Request) bool {
	for _, name := range []string{"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"} {
		if len(req.GetHeaders(name)) > 1 {
			return false
		}
	}
	return true
}

// parse is sipgo's parser. It has not panicked in any fuzz run, but a stranger's bytes should not be the first to try.
func parse(data []byte) (msg sip.Message, err error) {
	defer func() {
		if recover() != nil {
			msg, err = nil, errMalformed
		}
	}()
	msg, err = sip.NewParser().ParseSIP(data)
	if err == nil && msg == nil {
		err = errMalformed
	}
	return msg, err
}

// refusal writes a response to a request too broken to parse, from its header lines as they came (§8.2.6.2).
// It returns nil when they do not suffice.
func refusal(data []byte, status int) []byte {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	var b bytes.Buffer
	b.WriteString("SIP/2.0 " + strconv.Itoa(status) + " " + phrase(status) + "\r\n")
	seen := map[string]bool{}
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		name, value, ok := bytes.Cut(line, []byte(":"))
		key := longName(string(bytes.TrimSpace(name)))
		if !ok || !echoed[key] || seen[key] && key != "via" || line[0] == ' ' || line[0] == '\t' {
			continue
		}
		seen[key] = true
		b.WriteString(canonical[key] + ": ")
		b.Write(bytes.TrimSpace(value))
		if key == "to" && !bytes.Contains(bytes.ToLower(value), []byte(";tag=")) {
			b.WriteString(";tag=" + newTag())
		}
		b.WriteString("\r\n")
	}
	if len(seen) != len(echoed) || bytes.IndexByte(b.Bytes(), 0) >= 0 {
		return nil
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	if b.Len() > len(data)+200 {
		return nil // never an amplifier
	}
	return b.Bytes()
}

var (
	echoed    = map[string]bool{"via": true, "from": true, "to": true, "call-id": true, "cseq": true}
	canonical = map[string]string{"via": "Via", "from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
	compact   = map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id", "l": "content-length"}
)

// longName gives a header name in lower case, compact forms written out (§7.3.3).
func longName(name string) string {
	name = strings.ToLower(name)
	if long, ok := compact[name]; ok {
		return long
	}
	return name
}
