package route_test

import (
	"errors"
	"testing"

	"tandem/gateway/route"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ dialed, region, want string }{
		{"+15551230000", "US", "+15551230000"},
		{"5551230000", "US", "+15551230000"},
		{"15551230000", "US", "+15551230000"},
		{"(555) 123-0000", "US", "+15551230000"},
		{"+1.555.123.0000", "DE", "+15551230000"},
		{"%2B15551230000", "US", "+15551230000"},
		{"tel:+1-555-123-0000", "US", "+15551230000"},
		{"tel:+1-555-123-0000;phone-context=example.com", "US", "+15551230000"},
		{"tel:123-0000;phone-context=+1555", "DE", "+15551230000"},
		{"tel:5551230000;phone-context=example.com", "US", "+15551230000"},
		{"sip:+15551230000@gw.example;user=phone", "US", "+15551230000"},
		{"sips:+15551230000;npdi;rn=+15550000000@gw.example", "US", "+15551230000"},
		{"+15551230000;npdi;rn=+15550000000", "US", "+15551230000"},
		{"011 44 20 7946 0018", "US", "+442079460018"},
		{"0044 20 7946 0018", "GB", "+442079460018"},
		{"0044 20 7946 0018", "DE", "+442079460018"},
		{"020 7946 0018", "GB", "+442079460018"},
		{"+390612345678", "US", "+390612345678"},
		{"06 1234 5678", "IT", "+390612345678"},
		{"+881612345678", "US", "+881612345678"},
		{" +1 555 123 0000 ", "US", "+15551230000"},
	} {
		got, err := route.Normalize(c.dialed, c.region)
		if err != nil || string(got) != c.want {
			t.Errorf("Normalize(%q, %s) = %q, %v; want %q", c.dialed, c.region, got, err, c.want)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, dialed := range []string{
		"", "+", "alice", "1-800-FLOWERS", "12", "+0123456789", "+1", "+999123456789", "+155512300001234567",
		"555 1230000 ext 5", "+1555123000a", "tel:", "sip:@host", "++15551230000", "5551230000\x00", "55५1230000",
		"1555+1230000", "＋15551230000",
	} {
		if n, err := route.Normalize(dialed, "US"); !errors.Is(err, route.ErrNotANumber) {
			t.Errorf("Normalize(%q) = %q, %v; want ErrNotANumber", dialed, n, err)
		}
	}
}

func TestEmergencyIsSaidAloud(t *testing.T) {
	for dialed, region := range map[string]string{"911": "US", "112": "DE", "999": "GB"} {
		if n, err := route.Normalize(dialed, region); !errors.Is(err, route.ErrEmergency) {
			t.Errorf("Normalize(%q, %s) = %q, %v; want ErrEmergency", dialed, region, n, err)
		}
	}
}

func TestNumbersAreMaskedInLogs(t *testing.T) {
	if got := route.E164("+15551230000").LogValue().String(); got != "+1555123xxxx" {
		t.Errorf("LogValue = %q", got)
	}
}

// What comes out is a number, and reading it again changes nothing.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"+15551230000", "tel:123-0000;phone-context=+1555", "sip:+1@h", "%2B1555", "011 44 20 7946 0018", ""} {
		f.Add(s, "US")
	}
	f.Add("0044 20 7946 0018", "GB")
	f.Fuzz(func(t *testing.T, dialed, region string) {
		n, err := route.Normalize(dialed, region)
		if err != nil {
			if !errors.Is(err, route.ErrNotANumber) && !errors.Is(err, route.ErrEmergency) {
				t.Fatalf("Normalize(%q, %q): %v is no error of ours", dialed, region, err)
			}
			return
		}
		if !n.Valid() {
			t.Fatalf("Normalize(%q, %q) = %q, which is not E.164", dialed, region, n)
		}
		if again, err := route.Normalize(string(n), "US"); err != nil || again != n {
			t.Fatalf("Normalize(%q) = %q, %v; want itself (first %q, %q)", n, again, err, dialed, region)
		}
	})
}
