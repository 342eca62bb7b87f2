package wire

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var blocks = []struct {
	name string
	hex  string
	want SecurityBlock
}{
	{"empty", "0000" + noSignature, SecurityBlock{Signature: NoSignature()}},
	{"two certificates, ECDSA by hash", "000a 00 0003 010203 01 0001 ff" + signedHex, SecurityBlock{
		Certificates: []GenericCertificate{{Type: CertificateX509, Data: []byte{1, 2, 3}}, {Type: 1, Data: []byte{0xff}}},
		Signature:    signed,
	}},
	{"by hash with Node-ID", "0000 04 01 02 0004 04 02 aabb 0001 00", SecurityBlock{Signature: Signature{
		Hash: HashSHA256, Algorithm: SignatureRSA, Value: []byte{0},
		Identity: SignerIdentity{Type: SignerCertHashNodeID, Hash: HashSHA256, Digest: []byte{0xaa, 0xbb}},
	}}},
	{"identity of another type is carried through", "0000 04 01 09 0002 aabb 0000", SecurityBlock{Signature: Signature{
		Hash: HashSHA256, Algorithm: SignatureRSA, Identity: SignerIdentity{Type: 9, Digest: []byte{0xaa, 0xbb}},
	}}},
}

// RELOAD: SIG-1
func TestSecurityBlock(t *testing.T) {
	for _, row := range blocks {
		want := unhex(t, row.hex)
		got, err := row.want.MarshalBinary()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: encoded %x, %v, want %x", row.name, got, err, want)
		}
		decoded, err := ParseSecurityBlock(want)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if diff := cmp.Diff(row.want, decoded); diff != "" {
			t.Errorf("%s: decoded (-want +got):\n%s", row.name, diff)
		}
		for n := range want {
			if _, err := ParseSecurityBlock(want[:n]); err == nil {
				t.Errorf("%s: prefix of %d bytes was taken", row.name, n)
			}
		}
	}
}

// RELOAD: SIG-1 PL-8
func TestSecurityBlockRefused(t *testing.T) {
	for name, s := range map[string]string{
		"identity type 0":       "0000 04 01 00 0000 0000",
		"none with content":     "0000 00 00 03 0001 00 0000",
		"digest ends too early": "0000 04 03 01 0005 04 02 0102 03 0000",
		"byte too many":         "0000" + noSignature + "00",
	} {
		if got, err := ParseSecurityBlock(unhex(t, s)); err == nil {
			t.Errorf("%s: decoded to %+v", name, got)
		}
	}
}

// overlay || transaction_id || MessageContents || SignerIdentity (§6.3.4).
// RELOAD: SIG-4
func TestMessageInput(t *testing.T) {
	m := ping()
	got := MessageInput(&m.Header, m.Contents, signed.Identity)
	if want := unhex(t, "01020304 1112131415161718"+pingBody+"01 0005 04 03 010203"); !bytes.Equal(got, want) {
		t.Errorf("input\n got %x\nwant %x", got, want)
	}
}

// resource_id || kind || storage_time || StoredDataValue || SignerIdentity (§7.1), the index of an array entry 0.
// RELOAD: SIG-5 AMB-1
func TestValueInput(t *testing.T) {
	d := StoredData{StorageTime: 5, Lifetime: time.Hour, Value: StoredValue{Model: ModelArray, Index: 7, Exists: true, Data: []byte{0xee}}}
	rest := "00000003 0000000000000005 00000000 01 00000001 ee 01 0005 04 03 010203"
	for framed, want := range map[bool]string{true: r22 + rest, false: n22 + rest} {
		got, err := ValueInput(res22, KindCertificateByNode, &d, signed.Identity, framed)
		if err != nil || !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("framed %v (error %v)\n got %x\nwant %x", framed, err, got, unhex(t, want))
		}
	}
	if d.Value.Index != 7 {
		t.Errorf("the value's index became %d", d.Value.Index)
	}
}
