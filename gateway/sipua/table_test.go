package sipua

import (
	"errors"
	"fmt"
	"testing"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

func TestCauses(t *testing.T) { // RFC 3398 §7.2.4.1 and §8.2.6.1
	there := []struct {
		status int
		cause  call.Cause
	}{
		{400, 41}, {401, 21}, {403, 21}, {404, 1}, {405, 63}, {406, 79}, {408, 102}, {410, 22}, {413, 127}, {415, 79},
		{480, 18}, {481, 41}, {482, 25}, {483, 25}, {484, 28}, {485, 1}, {486, 17}, {487, 16}, {488, 88}, {500, 41},
		{501, 79}, {502, 38}, {503, 41}, {504, 102}, {513, 127}, {600, 17}, {603, 21}, {604, 1}, {606, 88},
		{499, 41}, {599, 41}, {699, 17}, {399, 23}, {200, 31},
	}
	for _, tt := range there {
		if got := CauseOf(tt.status); got != tt.cause {
			t.Errorf("cause of %d: %d, want %d", tt.status, got, tt.cause)
		}
	}
	back := []struct {
		cause  call.Cause
		status int
	}{
		{1, 404}, {3, 404}, {17, 486}, {18, 408}, {19, 480}, {21, 403}, {22, 410}, {27, 502}, {28, 484}, {29, 501}, {31, 480},
		{34, 503}, {38, 503}, {41, 503}, {42, 503}, {57, 403}, {58, 503}, {79, 501}, {88, 488}, {102, 504}, {127, 500}, {99, 500},
	}
	for _, tt := range back {
		if got := StatusOf(tt.cause); got != tt.status {
			t.Errorf("status of %v: %d, want %d", tt.cause, got, tt.status)
		}
	}
	var c call.Cause
	if err := fmt.Errorf("call: %w", &StatusError{Code: 486}); !errors.As(err, &c) || c != call.UserBusy {
		t.Errorf("the cause of %v is %v", err, c)
	}
}

func TestReasonHeaders(t *testing.T) {
	tests := []struct {
		values []string
		want   call.Cause
	}{
		{[]string{`Q.850;cause=17;text="busy"`}, 17},
		{[]string{`SIP ;cause=480 ;text="x;cause=1"`, `q.850 ; cause = 19`}, 19},
		{[]string{`SIP;cause=486, Q.850;cause=21`}, 21},
		{[]string{`SIP;cause=200;text="Call completed elsewhere"`}, call.NormalClearing},
		{[]string{`SIP;cause=404`}, call.Unallocated},
		{[]string{`Q.850;cause=999`, `X.1;cause=5`, ``}, 0},
		{nil, 0},
	}
	for _, tt := range tests {
		m := sip.NewRequest(sip.BYE, sip.Uri{Host: "x"})
		for _, v := range tt.values {
			m.AppendHeader(sip.NewHeader("Reason", v))
		}
		if got := reasonOf(m); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestWhoCalls(t *testing.T) {
	tests := []struct {
		name, headers string
		uri, from     string
		trusted       bool
		want          call.Info
	}{
		{"number", "", "sip:+1%20555-0100@x;user=phone", `"Ann" <sip:+1.555.0199@c.test>`, false,
			call.Info{Called: "+15550100", Caller: call.Party{Number: "+15550199", Name: "Ann"}}},
		{"name", "", "sip:bob@x", `<sip:ann@C.Test;user=ip>`, false,
			call.Info{Called: "bob", Caller: call.Party{AoR: "ann@c.test"}}},
		{"tel", "", "tel:+1-555-0100;phone-context=x", `<tel:555-0199;phone-context=+1>`, false,
			call.Info{Called: "+15550100", Caller: call.Party{Number: "5550199"}}},
		{"asserted by a stranger", "P-Asserted-Identity: <sip:+15550111@c>\n", "sip:1@x", "<sip:+15550199@c>", false,
			call.Info{Called: "1", Caller: call.Party{Number: "+15550199"}}},
		{"asserted", "P-Asserted-Identity: \"Desk\" <sip:desk@c>, <tel:+15550111>\n", "sip:1@x", `"Ann" <sip:+15550199@c>`, true,
			call.Info{Called: "1", Caller: call.Party{Number: "+15550111", Name: "Ann"}}},
		{"private", "Privacy: header;id\n", "sip:1@x", "<sip:+15550199@c>", false,
			call.Info{Called: "1", Caller: call.Party{Number: "+15550199", Anonymous: true}}},
		{"anonymous", "", "sip:1@x", `"Anonymous" <sip:anonymous@anonymous.invalid>`, false,
			call.Info{Called: "1", Caller: call.Party{AoR: "anonymous@anonymous.invalid", Name: "Anonymous", Anonymous: true}}},
		{"retargeted", "", "sip:voicemail@o;target=sips:bob%40o.test%3Bx=y;cause=486", "<sip:ann@o>", false,
			call.Info{Called: "voicemail", Target: "bob@o.test", Reason: call.Busy, Caller: call.Party{AoR: "ann@o"}}},
		{"line breaks", "", "sip:a%0d%0ab@x", `"A\"n" <sip:%0aann@c>`, false,
			call.Info{Called: "ab", Caller: call.Party{AoR: "ann@c", Name: `A"n`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			msg, err := parse(wireText("INVITE " + tt.uri + " SIP/2.0\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\nFrom: " + tt.from + ";tag=1\nTo: <sip:b@b>\nCall-ID: 1\nCSeq: 1 INVITE\n" + tt.headers))
			if err != nil {
				t.Fatal(err)
			}
			if got := callInfo(msg.(*sip.Request), Source{}, Admission{TrustIdentity: tt.trusted}); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestMultipartBody(t *testing.T) {
	body := "--b\r\nContent-Type: application/isup;version=itu-t92\r\n\r\n\x01\x02\r\n--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\n\r\n--b--\r\n"
	tests := []struct {
		contentType, body, want string
		ok                      bool
	}{
		{"application/sdp", "v=0", "v=0", true},
		{"Application/SDP ; x=y", "v=0", "v=0", true},
		{"multipart/mixed;boundary=b", body, "v=0\r\n", true},
		{"multipart/mixed", body, "", false},
		{"multipart/mixed;boundary=c", body, "", false},
		{"text/plain", "v=0", "", false},
		{"text/plain", "", "", true},
	}
	for _, tt := range tests {
		r := sip.NewRequest(sip.INVITE, sip.Uri{Host: "x"})
		ct := sip.ContentTypeHeader(tt.contentType)
		r.AppendHeader(&ct)
		r.SetBody([]byte(tt.body))
		if got, ok := sdpOf(r); string(got) != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v; want %q, %v", tt.contentType, got, ok, tt.want, tt.ok)
		}
	}
}
