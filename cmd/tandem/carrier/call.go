package carrier

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// maxCall bounds a call that nobody ends.
const maxCall = 10 * time.Minute

// onInvite takes a call from the customer to one of the carrier's numbers.
func (c *Carrier) onInvite(req *sip.Request, tx sip.ServerTransaction) {
	if to := req.To(); to != nil {
		if _, inDialog := to.Params.Get("tag"); inDialog {
			c.onReinvite(req, tx)
			return
		}
	}
	if !c.admit(req, tx, 407, "Proxy-Authenticate", "Proxy-Authorization") {
		return
	}
	c.calls.Add(1)
	defer c.calls.Done()
	dialog, err := c.server.ReadInvite(req, tx)
	if err != nil {
		respond(tx, req, 400, "Bad Request")
		return
	}
	defer func() { _ = dialog.Close() }()
	e := Event{Event: "incoming", Call: req.CallID().Value(), From: callerNumber(req), To: req.Recipient.User}
	c.event(e)
	if status, reason := c.answer(dialog, req, e); status != 0 {
		e.Event, e.Status, e.Text = "failed", status, reason
		c.event(e)
		_ = dialog.Respond(status, reason, nil)
	}
}

// onReinvite repeats the session as it is: this carrier renegotiates nothing.
func (c *Carrier) onReinvite(req *sip.Request, tx sip.ServerTransaction) {
	dialog, err := c.server.MatchDialogRequest(req)
	if err != nil || dialog.InviteResponse == nil {
		respond(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	_ = tx.Respond(sip.NewSDPResponseFromRequest(req, dialog.InviteResponse.Body()))
}

// answer carries the call to its end, or says with which status to refuse it.
func (c *Carrier) answer(dialog *sipgo.DialogServerSession, req *sip.Request, e Event) (status int, reason string) {
	does := behaviorOf(e.To)
	switch does {
	case unknown:
		return 404, "Not Found"
	case busy:
		return 486, "Busy Here"
	}
	far, err := parseOffer(req.Body())
	if err != nil {
		return 488, "Not Acceptable Here"
	}
	if err := dialog.Respond(180, "Ringing", nil); err != nil {
		return 0, ""
	}
	c.eventAs(e, "ringing")
	if does == silent {
		select {
		case <-dialog.Context().Done():
		case <-c.ctx.Done():
			return 480, "Temporarily Unavailable"
		}
		c.eventAs(e, "ended")
		return 0, ""
	}
	m, err := openMedia(c.addr.Addr(), far)
	if err != nil {
		return 500, "No Media"
	}
	if err := dialog.RespondSDP(m.description()); err != nil {
		m.close()
		return 0, ""
	}
	c.eventAs(e, "answered")
	c.talk(dialog.Context(), m, c.partFor(does), e)
	if dialog.LoadState() != sip.DialogStateEnded {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = dialog.Bye(ctx)
	}
	return 0, ""
}

// CallOptions describes a call from the telephone network to the customer.
type CallOptions struct {
	From, To string
	Play     []int16       // what the caller says; nil: the carrier's tone
	After    time.Duration // says it only so long after the answer
	Beep     bool          // hears out a greeting first, and speaks after its beep
	For      time.Duration // hangs up so long after it has said it; 0: waits for the other side
	Digits   string        // dialed after what was said
}

// Call rings the registered customer and returns when the call is over, with what was heard.
func (c *Carrier) Call(ctx context.Context, o CallOptions) (Heard, error) {
	c.mu.Lock()
	contact, source, ok := c.contact, c.source, time.Now().Before(c.expires)
	c.mu.Unlock()
	if !ok {
		return Heard{}, errors.New("nobody is registered at the carrier")
	}
	c.calls.Add(1)
	defer c.calls.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()

	m, err := openMedia(c.addr.Addr(), endpoint{})
	if err != nil {
		return Heard{}, fmt.Errorf("open media: %w", err)
	}
	e := Event{From: o.From, To: o.To}
	dialog, err := c.invite(ctx, contact, source, o, m)
	if err != nil {
		m.close()
		e.Event, e.Text = "failed", err.Error()
		c.event(e)
		return Heard{}, err
	}
	defer func() { _ = dialog.Close() }()
	e.Call = dialog.InviteRequest.CallID().Value()
	c.eventAs(e, "answered")
	part := part{say: toneOf(c.cfg.Tone), after: o.After, beep: o.Beep, digits: o.Digits}
	if o.Play != nil {
		part.say = once(o.Play)
	}
	if o.For > 0 {
		part.ends = time.Duration(len(o.Play))*time.Second/8000 + o.For
	}
	callCtx, end := context.WithCancel(dialog.Context())
	defer end()
	defer context.AfterFunc(ctx, end)()
	heard := c.talk(callCtx, m, part, e)
	if dialog.LoadState() != sip.DialogStateEnded {
		byeCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = dialog.Bye(byeCtx)
	}
	return heard, nil
}

func (c *Carrier) invite(ctx context.Context, contact sip.Uri, source string, o CallOptions, m *media) (*sipgo.DialogClientSession, error) {
	req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: o.To, Host: contact.Host, Port: contact.Port})
	req.SetDestination(source)
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: o.From, Host: c.addr.Addr().String()}, Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(16))
	req.AppendHeader(from)
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(m.description())
	c.event(Event{Event: "calling", From: o.From, To: o.To})
	dialog, err := c.client.WriteInvite(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", o.To, err)
	}
	if err := dialog.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
		_ = dialog.Close()
		return nil, fmt.Errorf("call %s: %w", o.To, err)
	}
	far, err := parseOffer(dialog.InviteResponse.Body())
	if err == nil {
		m.sendTo(far)
		err = dialog.Ack(ctx)
	}
	if err != nil {
		_ = dialog.Close()
		return nil, fmt.Errorf("call %s: %w", o.To, err)
	}
	return dialog, nil
}

// talk plays its part until the dialog or the time ends, and reports what it heard.
func (c *Carrier) talk(ctx context.Context, m *media, p part, e Event) Heard {
	ctx, cancel := context.WithTimeout(ctx, maxCall)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	heard, pcm := m.run(ctx, p)
	e.Event, e.Heard = "ended", &heard
	if c.cfg.Record != "" && len(pcm) > 0 {
		name := filepath.Join(c.cfg.Record, time.Now().Format("150405.000")+"-"+digitsOf(e.To)+".wav")
		if err := WriteWAV(name, pcm); err != nil {
			c.log.Warn("recording not written", "err", err)
		} else {
			e.File = name
		}
	}
	c.event(e)
	return heard
}

func (c *Carrier) partFor(b behavior) part {
	switch b {
	case echo:
		return part{echo: true}
	case dialer:
		return part{say: silence, digits: "0123456789*#"}
	default:
		return part{say: toneOf(c.cfg.Tone)}
	}
}

func (c *Carrier) eventAs(e Event, name string) {
	e.Event = name
	c.event(e)
}

// callerNumber is what the customer, who has proven to be one, says: an identity (RFC 3325), else what is in From.
func callerNumber(req *sip.Request) string {
	for _, name := range []string{"P-Preferred-Identity", "P-Asserted-Identity"} {
		h := req.GetHeader(name)
		if h == nil {
			continue
		}
		var uri sip.Uri
		params := sip.NewParams()
		if _, err := sip.ParseAddressValue(h.Value(), &uri, &params); err == nil && uri.User != "" {
			return uri.User
		}
	}
	return req.From().Address.User
}

func digitsOf(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			out = append(out, s[i])
		}
	}
	return string(out)
}
