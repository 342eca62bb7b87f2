package sipua

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// sipgo starts a goroutine for every message, so handlers run in any order: a CANCEL before its INVITE, a BYE before
// the ACK. What order decides is therefore decided in arrive, which runs in the reader of the connection.

// lateArrival is how long something already seen may matter: 64·T1 (RFC 3261 §17.1.1.2).
const lateArrival = 32 * time.Second

// arrivals is what has been seen lately.
type arrivals struct {
	invites *memory[mark, struct{}]   // INVITEs, by transaction
	cancels *memory[mark, call.Cause] // CANCELs, by the transaction they cancel: the reason given
	merged  *memory[mark, mark]       // INVITEs by Call-ID, From tag and CSeq: the transaction (§8.2.2.2)
	ended   *memory[dialogKey, *Leg]  // dialogs that are over
}

// A mark stands for a transaction in a memory. It is a hash: what a stranger sends may be long.
type mark [16]byte

func markOf(parts ...string) (m mark) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	copy(m[:], h.Sum(nil))
	return m
}

func newArrivals() *arrivals {
	const (
		most     = 20000
		mostLegs = 2000 // these are large; one that is forgotten answers a late BYE with 481
	)
	return &arrivals{
		invites: newMemory[mark, struct{}](lateArrival, most),
		cancels: newMemory[mark, call.Cause](lateArrival, most),
		merged:  newMemory[mark, mark](lateArrival, most),
		ended:   newMemory[dialogKey, *Leg](lateArrival, mostLegs),
	}
}

// arrive sees each message first and in order. It must not block: the connection waits for it.
func (u *UA) arrive(msg sip.Message) {
	defer u.guard("arrive")
	if res, ok := msg.(*sip.Response); ok {
		u.arriveResponse(res)
		return
	}
	req, ok := msg.(*sip.Request)
	if !ok {
		return
	}
	u.markReceived(req)
	_, tagged := toTag(req)
	switch {
	case !tagged && (req.IsInvite() || req.IsCancel()):
		u.arriveInitial(req)
	case tagged:
		if l := u.findLeg(req); l != nil {
			l.arrived(req)
		}
	}
}

// arriveResponse takes the provisional responses to an INVITE: behind a 200 that overtook them they would be lost.
func (u *UA) arriveResponse(res *sip.Response) {
	if !res.IsProvisional() || res.CSeq().MethodName != sip.INVITE {
		return
	}
	u.mu.Lock()
	l := u.legs[dialogKey{res.CallID().Value(), fromTag(res)}]
	u.mu.Unlock()
	if l != nil && !l.incoming {
		l.heard(res)
	}
}

// arriveInitial gives an INVITE and its CANCEL the To tag that every response to them will carry, sipgo's too.
func (u *UA) arriveInitial(req *sip.Request) {
	key := txKey(req)
	req.To().Params.Add("tag", u.tagFor(req))
	if req.IsCancel() {
		u.seen.cancels.put(key, cancelCause(req))
		return
	}
	u.seen.invites.put(key, struct{}{})
}

// markReceived notes the source in the top Via if it says otherwise (§18.2.1); sipgo does so only with rport.
func (u *UA) markReceived(req *sip.Request) {
	host, _, err := net.SplitHostPort(req.Source())
	via := req.Via()
	if err != nil || via == nil || via.Host == host || via.Params.Has("rport") || req.Transport() != string(UDP) {
		return
	}
	via.Params.Add("received", host)
}

// tagFor is our tag in the dialog that an INVITE may make. It is a MAC, so a request that carries one was given it by
// arriveInitial or belongs to the dialog; nobody else can make it up.
func (u *UA) tagFor(req *sip.Request) string {
	h := hmac.New(sha256.New, u.tagKey[:])
	key := txKey(req)
	h.Write(key[:])
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// initial says whether the request had no To tag when it came: it is outside of any dialog.
func (u *UA) initial(req *sip.Request) bool {
	tag, ok := toTag(req)
	return !ok || (req.IsInvite() || req.IsCancel()) && hmac.Equal([]byte(tag), []byte(u.tagFor(req)))
}

// txKey names the INVITE transaction of an INVITE or CANCEL (§17.2.3).
func txKey(req *sip.Request) mark {
	via := req.Via()
	return markOf(via.Params.GetOr("branch", ""), via.Host, strconv.Itoa(via.Port),
		strconv.FormatUint(uint64(req.CSeq().SeqNo), 10), req.CallID().Value(), fromTag(req))
}

func mergeKey(req *sip.Request) mark {
	return markOf(req.CallID().Value(), fromTag(req), strconv.FormatUint(uint64(req.CSeq().SeqNo), 10))
}

func toTag(msg sip.Message) (string, bool) {
	h := msg.To()
	if h == nil {
		return "", false
	}
	tag, ok := h.Params.Get("tag")
	return tag, ok && tag != ""
}

func fromTag(msg sip.Message) string {
	if h := msg.From(); h != nil {
		return h.Params.GetOr("tag", "")
	}
	return ""
}
