package peer

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

const (
	maxTries    = 5 // 6.2.1: sent again up to 4 times
	maxRequests = 4096

	// configRetries is how often a request is sent anew because the other end had another configuration.
	configRetries = 5
)

// A Request is a message to send and to be answered.
type Request struct {
	// Dest is the destination list: a resource, a node, or peers on the way and then one of these.
	Dest []wire.Destination
	Body wire.Body

	// Extensions of the message (6.3.3).
	Extensions []wire.Extension

	// MaxResponse is the largest answer wanted, in bytes (6.3.2). Zero: any.
	MaxResponse int

	// Certificates are of the signers of values in Body other than this node (SIG-7).
	Certificates [][]byte

	adjacent bool // makes sense only over a link to the node it is for
}

// A Response is the answer to a Request.
type Response struct {
	Body   wire.Body
	From   Signer
	Values []Value // of a FetchAns: those whose signer may write them and whose signature holds, synthesized ones left out

	// Extensions of the answer.
	Extensions []wire.Extension

	// Partial says that some values of a FetchAns were left out because their signatures do not hold or their signers may not
	// write them (7.4.2.2, 7.3).
	Partial bool
}

// A Value is a verified value of a FetchAns.
type Value struct {
	Kind   wire.KindID
	Data   wire.StoredData
	Signer Signer
}

// Done is called with the answer or the error, at most once, during a later call of the Core or during Do itself.
type Done func(now time.Time, r Response, err error)

// request is a Request on its way.
type request struct {
	Request
	id       wire.TransactionID
	seq      uint64
	body     wire.Body
	contents []byte
	done     Done
	tries    int
	retries  int    // because of configuration sequences
	via      LinkID // where it was sent last; 0: nowhere
	timer    *timer
}

// Do sends a request, again and again until it is answered (6.2.1), and calls done with the answer.
func (c *Core) Do(now time.Time, r Request, done Done) { c.ask(now, r, done) }

// ask is Do that returns what the request became, nil if it failed at once.
func (c *Core) ask(now time.Time, r Request, done Done) *request {
	contents, err := wire.MarshalContents(r.Body, r.Extensions...)
	switch {
	case err != nil:
	case len(r.Dest) == 0:
		err = errors.New("overlay request without destination")
	case c.phase == Left:
		err = ErrLeft
	case len(c.requests) >= maxRequests:
		err = ErrTooManyRequests
	case c.sizeOf(contents, r.Certificates, len(r.Dest)) > c.set.MaxMessageSize:
		err = ErrTooLarge
	}
	if err != nil {
		done(now, Response{}, err)
		return nil
	}
	c.sequence++
	q := &request{Request: r, body: r.Body, contents: contents, done: done, seq: c.sequence}
	c.begin(now, q)
	return q
}

// begin gives a request a new transaction and sends it.
func (c *Core) begin(now time.Time, q *request) {
	q.id = wire.TransactionID(c.rng.Uint64())
	for c.requests[q.id] != nil || q.id == 0 {
		q.id = wire.TransactionID(c.rng.Uint64())
	}
	q.tries = 0
	c.requests[q.id] = q
	c.try(now, q)
}

// lifetime is how long a request is tried (6.2.1: 15 s).
func (c *Core) lifetime() time.Duration { return maxTries * c.set.ReliabilityTimer }

func (c *Core) try(now time.Time, q *request) {
	if q.tries == maxTries {
		c.finish(now, q, Response{}, ErrTimeout)
		return
	}
	q.tries++
	q.timer = c.after(now, c.set.ReliabilityTimer, func(now time.Time) { c.try(now, q) })
	c.send(now, q)
}

// send sends a request on its way from here, the way as it is now.
func (c *Core) send(now time.Time, q *request) {
	dest := q.Dest
	for len(dest) > 1 && dest[0] == wire.ToNode(c.self) {
		dest = dest[1:]
	}
	if c.forSelf(dest[0]) {
		q.via = 0
		c.after(now, 0, func(now time.Time) { c.serveSelf(now, q) })
		return
	}
	next := c.firstHop(dest[0], q.tries)
	if next == nil {
		q.via = 0
		return
	}
	q.via = next.link()
	c.emit(&Send{Link: q.via, Header: c.requestHeader(q, dest), Contents: q.contents, Sign: true, Certificates: q.Certificates})
}

func (c *Core) requestHeader(q *request, dest []wire.Destination) wire.ForwardingHeader {
	return wire.ForwardingHeader{
		Overlay: c.cfg.Overlay, ConfigSequence: c.set.Sequence, TTL: c.set.InitialTTL, Fragment: wire.Whole,
		TransactionID: q.id, Destinations: dest, MaxResponseLength: uint32(max(0, q.MaxResponse)),
	}
}

func (c *Core) forSelf(d wire.Destination) bool {
	return d == wire.ToNode(c.self) || d.Type == wire.DestinationResource && c.responsible(d.Resource)
}

// firstHop is where a request of our own goes: as any message from a peer, to a way into the overlay from others, which
// try another one each time.
func (c *Core) firstHop(d wire.Destination, try int) *connection {
	if c.phase == Joined {
		return c.nextHop(d, func(wire.NodeID) bool { return false })
	}
	if d.Type == wire.DestinationNode {
		if cn := c.conns.byNode[d.Node]; cn != nil {
			return cn
		}
	}
	ways := c.waysIn()
	if len(ways) == 0 {
		return nil
	}
	return ways[(max(try, 1)-1)%len(ways)]
}

// waysIn are the links through which a node that is not in the ring reaches the overlay, best first.
func (c *Core) waysIn() (ways []*connection) {
	nodes := append([]wire.NodeID{c.home}, c.top.Peers()...)
	for _, n := range c.conns.order {
		if c.conns.byNode[n].bootstrap && !c.conns.byNode[n].left {
			nodes = append(nodes, n)
		}
	}
	for _, n := range nodes {
		if cn := c.conns.byNode[n]; cn != nil && !slices.Contains(ways, cn) {
			ways = append(ways, cn)
		}
	}
	return ways
}

// reroute sends the requests again that went out by a link that is gone.
func (c *Core) reroute(now time.Time, gone LinkID) {
	for _, q := range c.requestsWhere(func(q *request) bool { return q.via == gone }) {
		if q.adjacent && !c.connected(q.Dest[0].Node) {
			c.finish(now, q, Response{}, errLinkLost)
			continue
		}
		c.send(now, q)
	}
}

// resendUnsent sends the requests for which there was no way before.
func (c *Core) resendUnsent(now time.Time) {
	for _, q := range c.requestsWhere(func(q *request) bool { return q.via == 0 && !c.forSelf(q.Dest[0]) }) {
		c.send(now, q)
	}
}

// requestsWhere are requests in the order they were made.
func (c *Core) requestsWhere(is func(*request) bool) (list []*request) {
	for _, q := range c.requests {
		if is(q) {
			list = append(list, q)
		}
	}
	slices.SortFunc(list, func(a, b *request) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// finish ends a request.
func (c *Core) finish(now time.Time, q *request, r Response, err error) {
	if c.requests[q.id] != q {
		return
	}
	delete(c.requests, q.id)
	c.timers.stop(q.timer)
	q.done(now, r, err)
}

// abandon ends a request without telling anybody.
func (c *Core) abandon(q *request) {
	if q != nil && c.requests[q.id] == q {
		delete(c.requests, q.id)
		c.timers.stop(q.timer)
	}
}

// answerCame takes a verified answer.
func (c *Core) answerCame(now time.Time, v *Verify, signer Signer, values []ValueSigner) {
	q := c.requests[v.Message.Header.TransactionID]
	if q == nil {
		return
	}
	if v.in.err != nil {
		c.drop(v.Message, v.in.err.Error())
		return
	}
	e, isError := v.in.body.(*wire.ErrorResponse)
	switch {
	case isError && (fromOnTheWay(e.Reason) || c.mayAnswer(q, signer.NodeID)):
		c.errorCame(now, q, signer, e)
		return
	case isError || !c.mayAnswer(q, signer.NodeID):
		c.drop(v.Message, "an answer from a node that was not asked")
		return
	case v.in.body.Code() != q.body.Code().Answer():
		c.drop(v.Message, "the answer to another request")
		return
	}
	r := Response{Body: v.in.body, From: signer, Extensions: v.in.contents.Extensions}
	for i, s := range values {
		if v := &v.Values[i]; s.Err != nil || !c.set.Kinds.Allows(v.Kind, v.Resource, &v.Data.Value, s.Signer) {
			r.Partial = true // forged, or written by somebody who may not
			continue
		}
		r.Values = append(r.Values, Value{Kind: v.Values[i].Kind, Data: *v.Values[i].Data, Signer: s.Signer})
	}
	c.finish(now, q, r, nil)
}

// fromOnTheWay reports whether an error can come from a peer that only forwards.
func fromOnTheWay(e wire.ErrorCode) bool {
	switch e {
	case wire.ErrorTTLExceeded, wire.ErrorUnsupportedForwardingOption, wire.ErrorInvalidMessage, wire.ErrorMessageTooLarge:
		return true
	}
	return false
}

// mayAnswer checks who answers (6.3.4): the node asked, or one as close to the resource as any we know.
// What is asked through a peer of our choice, to see the ring as that one does, may be answered by another view.
func (c *Core) mayAnswer(q *request, signer wire.NodeID) bool {
	last := q.Dest[len(q.Dest)-1]
	switch {
	case last.Type == wire.DestinationNode:
		return last.Node == signer || last.Node == wire.Wildcard
	case last.Type == wire.DestinationResource && c.phase == Joined && len(q.Dest) == 1:
		return c.top.AtLeastAsClose(chord.Resource(last.Resource), signer)
	}
	return true
}

// errorCame takes an error response. Different configurations are settled first, then the request is sent anew.
func (c *Core) errorCame(now time.Time, q *request, signer Signer, e *wire.ErrorResponse) {
	older := e.Reason == wire.ErrorConfigTooOld
	if (older || e.Reason == wire.ErrorConfigTooNew) && q.retries < configRetries {
		if !older {
			c.tellConfig(now, signer.NodeID, q.Dest)
		}
		c.again(now, q)
		return
	}
	if e.Reason == wire.ErrorUnknownKind { // 7.4.1.2: it may have missed a document
		c.tellConfig(now, signer.NodeID, q.Dest)
		if q.retries == 0 && c.tellKinds(now, q.Dest, e.Info) {
			c.again(now, q)
			return
		}
	}
	c.finish(now, q, Response{From: signer, Body: e}, e)
}

// again sends a request anew in a while, as another transaction, when both ends know the same.
func (c *Core) again(now time.Time, q *request) {
	q.retries++
	c.timers.stop(q.timer)
	q.timer = c.after(now, c.jitter(time.Second), func(now time.Time) {
		delete(c.requests, q.id)
		c.begin(now, q)
	})
}

// serveSelf answers a request to this node or to what it is responsible for without sending anything.
func (c *Core) serveSelf(now time.Time, q *request) {
	if c.requests[q.id] != q {
		return
	}
	if last := q.Dest[len(q.Dest)-1]; !c.forSelf(last) {
		c.send(now, q) // the range has changed meanwhile
		return
	}
	k := &call{local: q, from: c.cfg.Self, body: q.body, extensions: q.Extensions, direct: true}
	k.header.TTL = c.set.InitialTTL
	if s, ok := q.body.(*wire.StoreReq); ok {
		for _, kd := range s.Kinds {
			for range kd.Values {
				k.values = append(k.values, ValueSigner{Signer: c.cfg.Self})
			}
		}
	}
	c.serve(now, k)
}

func (c *Core) answerLocally(now time.Time, k *call, body wire.Body) {
	if e, ok := body.(*wire.ErrorResponse); ok {
		c.finish(now, k.local, Response{From: c.cfg.Self, Body: e}, e)
		return
	}
	r := Response{Body: body, From: c.cfg.Self, Extensions: k.tell}
	if f, ok := body.(*wire.FetchAns); ok {
		r.Values = c.localValues(now, k.local.body.(*wire.FetchReq), f)
	}
	c.finish(now, k.local, r, nil)
}
