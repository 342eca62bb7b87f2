package config_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tandem/overlay/config"
	"tandem/overlay/wire"
)

func TestSignedReadsBack(t *testing.T) {
	o := newOwner(t)
	want := o.document()
	got := o.sign(t, want)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config.Document{}, config.Kind{}), cmpopts.IgnoreFields(config.Document{}, "Raw", "Roots")); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	if len(got.Roots) != 1 || !got.Roots[0].Equal(o.root) {
		t.Errorf("roots %v", got.Roots)
	}
}

// RELOAD: CFG-5 CFG-9
func TestVerifyFirst(t *testing.T) {
	o := newOwner(t)
	raw := o.sign(t, o.document()).Raw
	fingerprint := sha256.Sum256(o.root.Raw)
	d, err := config.VerifyFirst(raw, overlay, fingerprint, noon)
	if err != nil || d.Sequence != 7 {
		t.Fatalf("got %v, %v", d, err)
	}
	if _, err := config.VerifyFirst(raw, overlay, sha256.Sum256([]byte("other")), noon); !errors.Is(err, config.ErrSignature) {
		t.Errorf("another root was expected: %v, want ErrSignature", err)
	}
	if _, err := config.VerifyFirst(raw, overlay, fingerprint, noon.Add(13*time.Hour)); !errors.Is(err, config.ErrSignature) {
		t.Errorf("after its expiration: %v, want ErrSignature", err)
	}
	if _, err := config.VerifyFirst(raw, "example.net", fingerprint, noon); !errors.Is(err, config.ErrMalformed) {
		t.Errorf("for another overlay: %v, want ErrMalformed", err)
	}
}

// "treating this as a binary blob": every byte from <configuration to > counts (§11.1).
// RELOAD: CFG-5
func TestChangedBytes(t *testing.T) {
	o := newOwner(t)
	raw := o.sign(t, o.document()).Raw
	fingerprint := sha256.Sum256(o.root.Raw)
	verify := func(raw []byte) error {
		_, err := config.VerifyFirst(raw, overlay, fingerprint, noon)
		return err
	}
	for name, r := range map[string][2]string{
		"a value":     {"<initial-ttl>100", "<initial-ttl>101"},
		"a space":     {"<initial-ttl>100", "<initial-ttl> 100"},
		"a comment":   {"<initial-ttl>", "<!-- --><initial-ttl>"},
		"a Kind":      {"<max-count>3<", "<max-count>4<"},
		"a signature": {"<signature>", "<signature>AAAA"},
	} {
		changed := bytes.Replace(raw, []byte(r[0]), []byte(r[1]), 1)
		if bytes.Equal(changed, raw) {
			t.Fatalf("%s: nothing changed", name)
		}
		if err := verify(changed); !errors.Is(err, config.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	around := bytes.Replace(raw, []byte("<configuration "), []byte("<!-- around it -->\n<configuration "), 1)
	around = bytes.Replace(around, []byte("<signature>"), []byte("\n<signature>\n  "), 1)
	if err := verify(around); err != nil {
		t.Errorf("changed outside of the configuration: %v", err)
	}
}

// RELOAD: CFG-6 CFG-10
func TestVerifyNext(t *testing.T) {
	o := newOwner(t)
	present := o.sign(t, o.document())
	next := func(change func(*config.Document)) []byte {
		d := o.document()
		d.Sequence = 8
		change(d)
		return o.sign(t, d).Raw
	}
	if d, err := present.VerifyNext(next(func(*config.Document) {}), noon); err != nil || d.Sequence != 8 {
		t.Fatalf("got %v, %v", d, err)
	}
	for name, row := range map[string]struct {
		raw  []byte
		want error
	}{
		"same sequence":  {next(func(d *config.Document) { d.Sequence = 7 }), config.ErrNotNewer},
		"older sequence": {next(func(d *config.Document) { d.Sequence = 6 }), config.ErrNotNewer},
		"other overlay":  {next(func(d *config.Document) { d.InstanceName = "example.net" }), config.ErrMalformed},
		"rubbish":        {[]byte("<a/>"), config.ErrMalformed},
		"stranger":       {stranger(t), config.ErrSignature},
	} {
		if _, err := present.VerifyNext(row.raw, noon); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
}

// stranger owns an overlay of the same name, which names the same signers.
func stranger(t *testing.T) []byte {
	o := newOwner(t)
	d := o.document()
	d.Sequence = 8
	return o.sign(t, d).Raw
}

// Who may sign the next document is in the present one, not in the next (§11.1).
// RELOAD: CFG-6
func TestSignerOfThePreviousDocument(t *testing.T) {
	o := newOwner(t)
	present := o.sign(t, o.document())
	heir := o.issue("heir@example.org", node(0xcc))
	d := o.document()
	d.Sequence, d.Kinds = 8, nil
	d.ConfigurationSigners = []wire.NodeID{node(0xcc)}
	usurped, err := d.Sign(heir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := present.VerifyNext(usurped.Raw, noon); !errors.Is(err, config.ErrSignature) {
		t.Errorf("a document that names its own signer: %v, want ErrSignature", err)
	}
	d = o.document()
	d.Sequence, d.ConfigurationSigners = 8, []wire.NodeID{node(0xaa), node(0xcc)}
	handover, err := present.VerifyNext(o.sign(t, d).Raw, noon)
	if err != nil {
		t.Fatal(err)
	}
	if usurped, err = (func() (*config.Document, error) { d.Sequence, d.Kinds = 9, nil; return d.Sign(heir) })(); err != nil {
		t.Fatal(err)
	}
	if _, err := handover.VerifyNext(usurped.Raw, noon); err != nil {
		t.Errorf("after the handover: %v", err)
	}
}

// A signer that the present document revokes cannot sign the next one.
// RELOAD: CFG-6 CFG-7
func TestRevokedSigner(t *testing.T) {
	o := newOwner(t)
	d := o.document()
	d.BadNodes = []wire.NodeID{node(0xaa)}
	present := o.sign(t, d)
	d = o.document()
	d.Sequence, d.BadNodes = 8, nil
	if _, err := present.VerifyNext(o.sign(t, d).Raw, noon); !errors.Is(err, config.ErrSignature) {
		t.Errorf("got %v, want ErrSignature", err)
	}
}

func TestSignRefuses(t *testing.T) {
	o := newOwner(t)
	for name, change := range map[string]func(*config.Document){
		"not a signer":      func(d *config.Document) { d.ConfigurationSigners = nil },
		"not a kind-signer": func(d *config.Document) { d.KindSigners = nil },
		"sequence 65535":    func(d *config.Document) { d.Sequence = 65535 },
		"bootstrap node":    func(d *config.Document) { d.Bootstrap = []string{"nowhere"} },
		"no name":           func(d *config.Document) { d.InstanceName = "" },
	} {
		d := o.document()
		change(d)
		if _, err := d.Sign(o.signer); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// resign changes the configuration and signs it again, but not the Kinds in it.
func (o owner) resign(t *testing.T, raw []byte, old, with string) []byte {
	t.Helper()
	from, to := bytes.Index(raw, []byte("<configuration ")), bytes.Index(raw, []byte("\n<signature>"))
	blob := bytes.Replace(raw[from:to], []byte(old), []byte(with), 1)
	if bytes.Equal(blob, raw[from:to]) {
		t.Fatalf("no %q in the document", old)
	}
	security, err := o.signer.SignBlob(blob)
	if err != nil {
		t.Fatal(err)
	}
	signature := "\n<signature>" + base64.StdEncoding.EncodeToString(security) + "</signature>\n</overlay>\n"
	return append(append(bytes.Clone(raw[:from]), blob...), signature...)
}

// "Receivers MUST verify the signature prior to accepting a kind-block" (§11.1): its own, by a kind-signer.
// RELOAD: CFG-4 CFG-5 CFG-6
func TestKindSignature(t *testing.T) {
	o := newOwner(t)
	raw := o.sign(t, o.document()).Raw
	signer := "<kind-signer>" + node(0xaa).String() + "</kind-signer>"
	for name, row := range map[string]struct {
		old, with string
		ok        bool
	}{
		"nothing that matters": {"<initial-ttl>100", "<initial-ttl>99", true},
		"changed":              {"<max-count>3<", "<max-count>4<", false},
		"not by a kind-signer": {signer, strings.ReplaceAll(signer, "a", "b"), false},
		"signature malformed":  {"<kind-signature>A", "<kind-signature>B", false},
	} {
		_, err := config.VerifyFirst(o.resign(t, raw, row.old, row.with), overlay, sha256.Sum256(o.root.Raw), noon)
		if row.ok && err != nil || !row.ok && !errors.Is(err, config.ErrSignature) {
			t.Errorf("%s: %v, want accepted: %v", name, err, row.ok)
		}
	}
}

func TestNamesAreEscaped(t *testing.T) {
	o := newOwner(t)
	d := o.document()
	d.EnrollmentServers = []string{`https://example.org/"<&>'`}
	if got := o.sign(t, d).EnrollmentServers[0]; got != d.EnrollmentServers[0] {
		t.Errorf("%q became %q", d.EnrollmentServers[0], got)
	}
	if raw := string(o.sign(t, d).Raw); strings.Contains(raw, `"<&>'`) {
		t.Error("not escaped")
	}
}

// RELOAD: SEQ-2
func TestSequence(t *testing.T) {
	for _, row := range []struct {
		a, b  uint16
		newer bool
	}{
		{1, 0, true}, {0, 1, false}, {5, 5, false}, {0, 65534, true}, {65534, 0, false}, {32767, 0, true}, {32768, 0, false}, {10, 65530, true},
	} {
		if got := config.Newer(row.a, row.b); got != row.newer {
			t.Errorf("Newer(%d, %d) = %v", row.a, row.b, got)
		}
	}
	if got := config.Next(65534); got != 0 {
		t.Errorf("after 65534 comes %d, want 0", got)
	}
	if got := config.Next(3); got != 4 {
		t.Errorf("after 3 comes %d", got)
	}
}
