package peer

import (
	"errors"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// A call is a request being answered here.
type call struct {
	header  wire.ForwardingHeader
	link    LinkID // where it came from; the answer goes there
	way     []wire.Destination
	from    Signer
	direct  bool // signed by the node at the other end of the link
	unnamed bool // by a node that has not said by an Attach which one it is
	body    wire.Body
	values  []ValueSigner // of a StoreReq
	local   *request      // set: this node asks itself, nothing is sent

	extensions []wire.Extension // of the request
	tell       []wire.Extension // in the answer
}

func newCall(cn *connection, m *wire.Message) *call {
	return &call{header: m.Header, link: cn.link(), way: wayBack(cn.node, m.Header.Via)}
}

// serve does what a request asks. It answers now or later.
func (c *Core) serve(now time.Time, k *call) {
	switch b := k.body.(type) {
	case *wire.PingReq:
		c.servePing(now, k)
	case *wire.PathTrackReq:
		c.servePathTrack(now, k, b)
	case *wire.ProbeReq:
		c.answer(now, k, c.probe(now, b), nil)
	case *wire.RouteQueryReq:
		c.serveRouteQuery(now, k, b)
	case *wire.AttachReq:
		c.serveAttach(now, k, b)
	case *wire.AppAttachReq:
		c.serveAppAttach(now, k, b)
	case *wire.JoinReq:
		c.serveJoin(now, k, b)
	case *wire.LeaveReq:
		c.serveLeave(now, k, b)
	case *wire.UpdateReq:
		c.serveUpdate(now, k, b)
	case *wire.StoreReq:
		c.serveStore(now, k, b)
	case *wire.FetchReq:
		c.serveFetch(now, k, b)
	case *wire.StatReq:
		c.serveStat(now, k, b)
	case *wire.FindReq:
		c.serveFind(now, k, b)
	case *wire.ConfigUpdateReq:
		c.serveConfigUpdate(now, k, b)
	default:
		c.refuse(now, k, wire.ErrorInvalidMessage)
	}
}

// maxReplies bounds the calls that wait for the owner's Reply.
const maxReplies = 1024

func (c *Core) serveAppAttach(now time.Time, k *call, req *wire.AppAttachReq) {
	if len(c.replies) >= maxReplies {
		c.refuse(now, k, wire.ErrorInProgress)
		return
	}
	c.emit(&AppAttach{ID: c.awaitReply(now, k), From: k.from, Request: req})
}

// awaitReply keeps a call until the owner has answered it by Reply.
func (c *Core) awaitReply(now time.Time, k *call) ReplyID {
	c.replySeq++
	id := c.replySeq
	c.replies[id] = k
	c.after(now, c.lifetime(), func(time.Time) { delete(c.replies, id) })
	return id
}

// Reply answers a request that an AppAttach or Document action told of: by body, or, if err is not nil, by an error
// response (wire.ErrorCode or *wire.ErrorResponse; else Error_Invalid_Message with its text). Late replies are dropped.
func (c *Core) Reply(now time.Time, id ReplyID, body wire.Body, err error) {
	k := c.replies[id]
	delete(c.replies, id)
	switch {
	case k == nil:
	case err != nil:
		c.refuse(now, k, err)
	default:
		c.answer(now, k, body, nil)
	}
}

// refuse answers by an error.
func (c *Core) refuse(now time.Time, k *call, err error) {
	var resp *wire.ErrorResponse
	var code wire.ErrorCode
	switch {
	case errors.As(err, &resp):
	case errors.As(err, &code):
		resp = &wire.ErrorResponse{Reason: code}
	default:
		resp = &wire.ErrorResponse{Reason: wire.ErrorInvalidMessage, Info: []byte(err.Error())}
	}
	c.log.Debug("overlay request refused", "node_id", c.self, "transaction_id", k.header.TransactionID, "err", resp)
	c.answer(now, k, resp, nil)
}

// answer sends the answer to a request and remembers it, for repetitions. certificates are of values in it.
func (c *Core) answer(now time.Time, k *call, body wire.Body, certificates [][]byte) {
	if k.local != nil {
		c.answerLocally(now, k, body)
		return
	}
	s := c.transmit(now, k, body, certificates)
	c.answered.put(now, answerKey{k.from.NodeID, k.header.TransactionID}, s)
}

// transmit sends the answer, or Error_Response_Too_Large in its place.
func (c *Core) transmit(now time.Time, k *call, body wire.Body, certificates [][]byte) *Send {
	contents, err := wire.MarshalContents(body, k.tell...)
	if err != nil {
		c.log.Error("overlay answer cannot be encoded", "err", err)
		contents, _ = wire.MarshalContents(&wire.ErrorResponse{Reason: wire.ErrorInvalidMessage})
		certificates = nil
	}
	limit := c.set.MaxMessageSize
	if m := int(min(k.header.MaxResponseLength, 1<<30)); m > 0 {
		limit = min(limit, m)
	}
	if body.Code() != wire.CodeError && c.sizeOf(contents, certificates, len(k.way)) > limit {
		contents, _ = wire.MarshalContents(&wire.ErrorResponse{Reason: wire.ErrorResponseTooLarge})
		certificates = nil
	}
	s := &Send{Link: k.link, Header: c.answerHeader(k), Contents: contents, Sign: true, Certificates: certificates}
	c.sendBack(k, s)
	return s
}

func (c *Core) answerHeader(k *call) wire.ForwardingHeader {
	h := wire.ForwardingHeader{
		Overlay: c.cfg.Overlay, ConfigSequence: c.set.Sequence, TTL: c.set.InitialTTL, Fragment: wire.Whole,
		TransactionID: k.header.TransactionID, Destinations: k.way,
	}
	for _, o := range k.header.Options { // 6.3.2.3
		if o.Flags&wire.FlagResponseCopy != 0 {
			o.Flags &^= wire.FlagForwardCritical | wire.FlagDestinationCritical | wire.FlagResponseCopy
			h.Options = append(h.Options, o)
		}
	}
	return h
}

// sendBack sends along the link a request came by or, if that is gone, to the first of the way back somehow.
func (c *Core) sendBack(k *call, s *Send) {
	if c.conns.byLink[k.link] == nil {
		next := c.nextHop(k.way[0], func(wire.NodeID) bool { return false })
		if next == nil {
			return
		}
		s.Link = next.link()
	}
	c.emit(s)
}

// sizeOf estimates the length of a message signed here: an upper bound with the keys that are in use.
func (c *Core) sizeOf(contents []byte, certificates [][]byte, hops int) int {
	const headerAndSignature = 38 + 400
	n := headerAndSignature + 18*hops + len(contents) + len(c.cfg.Self.Certificate)
	for _, cert := range certificates {
		n += len(cert) + 3
	}
	return n
}

// The cache of answers: a request that comes again gets what it got before (6.2.1, REQ-2).

type answerKey struct {
	from wire.NodeID
	id   wire.TransactionID
}

type cachedAnswer struct {
	key  answerKey
	at   time.Time
	send *Send // nil: not answered yet
}

const (
	answerLifetime = 15 * time.Second
	maxAnswers     = 4096
)

type answerCache struct {
	byKey map[answerKey]*cachedAnswer
	queue []*cachedAnswer // by age
}

func newAnswerCache() answerCache { return answerCache{byKey: map[answerKey]*cachedAnswer{}} }

// begin notes a request. known: it was here before, and got was the answer if there is one yet.
func (a *answerCache) begin(now time.Time, key answerKey) (got *Send, known bool) {
	for len(a.queue) > 0 && (now.Sub(a.queue[0].at) > answerLifetime || len(a.queue) >= maxAnswers) {
		delete(a.byKey, a.queue[0].key)
		a.queue[0] = nil
		a.queue = a.queue[1:]
	}
	if e := a.byKey[key]; e != nil {
		return e.send, true
	}
	e := &cachedAnswer{key: key, at: now}
	a.byKey[key] = e
	a.queue = append(a.queue, e)
	return nil, false
}

func (a *answerCache) put(now time.Time, key answerKey, s *Send) {
	if e := a.byKey[key]; e != nil {
		e.send = s
	}
}

// repeated deals with a request that was here before: its answer, by the way it came this time, or silence while the
// answer is being found.
func (c *Core) repeated(now time.Time, k *call) bool {
	got, known := c.answered.begin(now, answerKey{k.from.NodeID, k.header.TransactionID})
	if got != nil {
		again := *got
		again.Link, again.Header.Destinations = k.link, slices.Clone(k.way)
		c.sendBack(k, &again)
	}
	return known
}
