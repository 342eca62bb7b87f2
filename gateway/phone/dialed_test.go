package phone

import (
	"errors"
	"testing"

	"tandem/gateway/call"
	"tandem/gateway/route"
)

func TestParse(t *testing.T) {
	p := &Phone{cfg: Config{AoR: "alice@example.net", Region: "US"}, domain: "example.net"}
	for to, want := range map[string]dialed{
		"+15551230000": {number: "+15551230000"},
		"555-123-0000": {number: "+15551230000"},
		"sip:5551230000@127.0.0.1:5060;user=phone":  {number: "+15551230000"},
		"sip:%2B15551230000@[::1]:5060":             {number: "+15551230000"},
		"tel:123-0000;phone-context=+1555":          {number: "+15551230000"},
		"sips:+15551230000@EXAMPLE.net":             {number: "+15551230000"},
		"sip:bob@example.net;transport=tcp?x=y":     {aor: "bob@example.net"},
		"Bob":                                       {aor: "bob@example.net"},
		"sip:bob@localhost":                         {aor: "bob@example.net"},
		"*97":                                       {own: true},
		"sip:*97@127.0.0.1:5060":                    {own: true},
		"sip:voicemail@example.net;target=sip:x%40": {own: true},
	} {
		if got, err := p.parse(to); err != nil || got != want {
			t.Errorf("parse(%q) = %+v, %v; want %+v", to, got, err, want)
		}
	}
	for to, want := range map[string]error{
		"": ErrNowhere, "bob@elsewhere.example": ErrNowhere, "sip:@example.net": ErrNowhere, "bob smith": ErrNowhere,
		"a\r\nb": ErrNowhere, "<bob>": ErrNowhere, "12": route.ErrNotANumber, "911": route.ErrEmergency,
	} {
		if got, err := p.parse(to); !errors.Is(err, want) {
			t.Errorf("parse(%q) = %+v, %v; want %v", to, got, err, want)
		}
	}
}

func TestMailboxURI(t *testing.T) {
	got := mailboxURI("example.net", "bob@example.net", call.NobodyAnswers)
	if want := "sips:voicemail@example.net;target=sip:bob%40example.net;cause=408"; got != want {
		t.Errorf("mailboxURI = %q; want %q", got, want)
	}
}

// Whatever is dialed, it means one thing or is refused.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"+15551230000", "sip:bob@example.net", "tel:1;phone-context=+1", "*97", "a@b@c", "sip:;@:"} {
		f.Add(s)
	}
	p := &Phone{cfg: Config{AoR: "alice@example.net", Region: "US"}, domain: "example.net"}
	f.Fuzz(func(t *testing.T, to string) {
		d, err := p.parse(to)
		meanings := 0
		for _, is := range []bool{d.own, d.number != "", d.aor != ""} {
			if is {
				meanings++
			}
		}
		if err == nil && meanings != 1 || err != nil && meanings > 1 {
			t.Errorf("parse(%q) = %+v, %v", to, d, err)
		}
		if d.number != "" && !d.number.Valid() {
			t.Errorf("parse(%q) gives number %q", to, d.number)
		}
	})
}
