package media

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// defaultEventPT is the payload type we offer telephone-events with, as everybody does.
const defaultEventPT = 101

// Offer returns a description to send as an offer: the first, or a new one for a re-INVITE, with every codec of the
// session's list. An offer that was refused needs nothing: what was agreed before stays.
func (s *Session) Offer() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return nil, ErrClosed
	}
	var b strings.Builder
	profile := "RTP/AVP"
	if t := s.terms.Load(); t != nil && t.secure {
		profile = t.profile
	} else if s.cfg.Security == Required {
		profile = "RTP/SAVP"
	}
	s.offered = s.offered[:0]
	fmt.Fprintf(&b, "m=audio %d %s", s.local.Port(), profile)
	var maps strings.Builder
	for _, c := range s.cfg.Codecs {
		pt := map[call.Codec]int{call.PCMU: 0, call.PCMA: 8}[c]
		fmt.Fprintf(&b, " %d", pt)
		fmt.Fprintf(&maps, "a=rtpmap:%d %s/8000\r\n", pt, codec.Name(c))
	}
	if !s.cfg.NoEvents {
		fmt.Fprintf(&b, " %d", s.eventPT)
		writeEvents(&maps, int(s.eventPT))
	}
	b.WriteString("\r\n")
	b.WriteString(maps.String())
	b.WriteString("a=ptime:20\r\na=rtcp-mux\r\n")
	if s.cfg.Security != Forbidden {
		for i := range suites[:offeredSuites] {
			line := cryptoLine{fmt.Sprint(i + 1), &suites[i], s.master(&suites[i])}
			s.offered = append(s.offered, line)
			fmt.Fprintf(&b, "a=crypto:%s\r\n", line.text())
		}
	}
	fmt.Fprintf(&b, "a=%s\r\n", s.wanted)
	s.offering = true
	s.await()
	return s.describe(b.String()), nil
}

func writeEvents(b *strings.Builder, pt int) {
	fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", pt, pt)
}

// describe puts the session part in front of the sections. The version rises when they changed (RFC 3264 §8).
func (s *Session) describe(sections string) []byte {
	if s.sections == sections && s.said != nil {
		return bytes.Clone(s.said)
	}
	s.version++
	s.sections = sections
	family := "IP4"
	if s.local.Addr().Is6() {
		family = "IP6"
	}
	s.said = fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n%s",
		s.sdpID, s.version, family, s.local.Addr(), family, s.local.Addr(), sections)
	return bytes.Clone(s.said)
}

// Answer takes an offer, the first or a later one, and returns the answer to it. An offer that agrees with what is in
// force is answered with the very bytes of last time. On an error (ErrNotAcceptable, ErrMalformed) nothing changes.
func (s *Session) Answer(offer []byte) ([]byte, error) {
	d, err := parse(offer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return nil, ErrClosed
	}
	at, t, err := s.choose(d)
	if err != nil {
		return nil, err
	}
	if err := s.enter(t); err != nil {
		return nil, err
	}
	if t.eventPT != 0 {
		s.eventPT = t.eventPT
	}
	s.offering = false
	var b strings.Builder
	for i := range d.sections {
		if i != at {
			refuse(&b, &d.sections[i])
			continue
		}
		s.accept(&b, &d.sections[i], t)
	}
	return s.describe(b.String()), nil
}

// choose finds the first section we can talk on.
func (s *Session) choose(d *description) (int, *terms, error) {
	for i := range d.sections {
		sec := &d.sections[i]
		ok, savp := sec.rtp()
		if !ok || sec.port == 0 {
			continue
		}
		t, err := s.pick(sec)
		if err != nil {
			continue
		}
		if !s.agree(t, sec, savp) {
			continue
		}
		t.dir = narrow(t.dir, s.wanted)
		return i, t, nil
	}
	return 0, nil, ErrNotAcceptable
}

// agree settles whether and with what keys an offered section is secure.
func (s *Session) agree(t *terms, sec *section, savp bool) bool {
	if s.cfg.Security == Forbidden {
		return !savp
	}
	if line, ok := best(sec.cryptos); ok {
		t.secure, t.theirs = true, line
		t.local = cryptoLine{line.tag, line.suite, s.master(line.suite)}
		return !line.key.equal(t.local.key)
	}
	return !savp && s.cfg.Security == Optional && !s.secured
}

// narrow is what of d remains when we want no more than wanted.
func narrow(d, wanted Direction) Direction {
	send, receive := d.Sends() && wanted.Sends(), d.Receives() && wanted.Receives()
	switch {
	case send && receive:
		return SendRecv
	case send:
		return SendOnly
	case receive:
		return RecvOnly
	}
	return Inactive
}

func (s *Session) accept(b *strings.Builder, sec *section, t *terms) {
	fmt.Fprintf(b, "m=audio %d %s", s.local.Port(), sec.proto)
	var maps strings.Builder
	for _, f := range sec.formats {
		pt, ok := payloadType(f)
		if !ok {
			continue
		}
		switch k := t.kinds[pt]; {
		case k == audioU || k == audioA:
			fmt.Fprintf(&maps, "a=rtpmap:%d %s/8000\r\n", pt, codec.Name(k.codec()))
		case k == event && pt == t.eventPT:
			writeEvents(&maps, int(pt))
		default:
			continue
		}
		fmt.Fprintf(b, " %d", pt)
	}
	fmt.Fprintf(b, "\r\n%sa=ptime:%d\r\n", maps.String(), t.packet*1000/call.SampleRate)
	if t.mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	if t.secure {
		fmt.Fprintf(b, "a=crypto:%s\r\n", t.local.text())
	}
	fmt.Fprintf(b, "a=%s\r\n", t.dir)
}

// refuse answers a section we do not take with port zero (RFC 3264 §6). What we repeat of it is cleaned.
func refuse(b *strings.Builder, sec *section) {
	formats := sec.formats
	if len(formats) == 0 {
		formats = []string{"0"}
	}
	fmt.Fprintf(b, "m=%s 0 %s %s\r\n", token(sec.kind), token(sec.proto), token(formats[0]))
}

// token keeps what SDP allows in a word.
func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '-'
		}
		return r
	}, s)
}

// SetAnswer takes the answer to the last Offer. It may be called again with another answer to the same offer: a 200
// may move the media that a 183 started. On an error nothing changes.
func (s *Session) SetAnswer(answer []byte) error {
	d, err := parse(answer)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return ErrClosed
	}
	if !s.offering {
		return ErrNoOffer
	}
	sec := &d.sections[0]
	ok, savp := sec.rtp()
	if !ok || sec.port == 0 {
		return ErrNotAcceptable
	}
	t, err := s.pick(sec)
	if err != nil {
		return err
	}
	if !s.confirm(t, sec, savp) {
		return ErrNotAcceptable
	}
	t.dir = narrow(t.dir, s.wanted)
	s.ownPayloads(t)
	if err := s.enter(t); err != nil {
		return err
	}
	s.catchUp(time.Now())
	return nil
}

// ownPayloads adds the payload types we offered to those we receive: the far side may use ours or its own.
func (s *Session) ownPayloads(t *terms) {
	for _, c := range s.cfg.Codecs {
		pt := map[call.Codec]int{call.PCMU: 0, call.PCMA: 8}[c]
		if t.kinds[pt] == unknown {
			t.kinds[pt] = audio(c)
		}
	}
	if t.eventPT != 0 && t.kinds[s.eventPT] == unknown {
		t.kinds[s.eventPT] = event
	}
}

// confirm checks an answer's keys against what we offered: no answer makes a secure offer plain.
func (s *Session) confirm(t *terms, sec *section, savp bool) bool {
	if len(s.offered) == 0 {
		return !savp
	}
	for _, value := range sec.cryptos {
		line, ok := parseCrypto(value)
		if !ok {
			continue
		}
		for _, o := range s.offered {
			if o.tag == line.tag && o.suite == line.suite && !o.key.equal(line.key) {
				t.secure, t.local, t.theirs = true, o, line
				return true
			}
		}
	}
	return !savp && s.cfg.Security == Optional && !s.secured
}

// master is our key for a suite, the same for the whole session: the far side may have any of our descriptions.
func (s *Session) master(su *suite) master {
	i := rank(su)
	if s.masters[i].secret == nil {
		s.masters[i] = newMaster(su)
	}
	return s.masters[i]
}
