package wire

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// node is the Node-ID whose bytes are all b.
func node(b byte) (n NodeID) {
	for i := range n {
		n[i] = b
	}
	return n
}

// n11 and so on are Node-IDs in hexadecimal, and r16 a ResourceID of the same bytes with its length.
const (
	n11 = "11111111111111111111111111111111"
	n22 = "22222222222222222222222222222222"
	n33 = "33333333333333333333333333333333"
	r22 = "10 " + n22
)

var res22 = ResourceID(node(0x22))

// unhex reads hexadecimal with spaces between the fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

const noSignature = "00 00 03 0000 0000"

// signed is a signature whose bytes mean nothing.
var signed = Signature{
	Hash: HashSHA256, Algorithm: SignatureECDSA, Value: []byte{0xaa, 0xbb},
	Identity: SignerIdentity{Type: SignerCertHash, Hash: HashSHA256, Digest: []byte{1, 2, 3}},
}

const signedHex = "04 03 01 0005 04 03 010203 0002 aabb"

// bodies are the bodies of all messages with their bytes.
var bodies = []struct {
	name string
	hex  string
	want Body
}{
	{"probe request", "03 01 02 03", &ProbeReq{Requested: []ProbeType{1, 2, 3}}},
	{"probe request for nothing", "00", &ProbeReq{}},
	{"probe answer, with one of an unknown type", "000e 01 04 00000064 09 06 010203040506",
		&ProbeAns{Info: []ProbeInfo{{Type: ProbeResponsibleSet, Value: 100}, {Type: 9, Raw: []byte{1, 2, 3, 4, 5, 6}}}}},
	{"attach request, RFC 6940 §6.3.1.1 address",
		"02 7566 03 707764 07 70617373697665 0018 01 06 c0000201 17c4 04 01 31 7effffff 01 0006 0001 61 0001 62 01",
		&AttachReq{Attach{
			Ufrag: []byte("uf"), Password: []byte("pwd"), Role: RolePassive, SendUpdate: true,
			Candidates: []IceCandidate{{
				Addr: netip.MustParseAddrPort("192.0.2.1:6084"), Link: LinkTLSTCPFHNoICE, Foundation: []byte("1"),
				Priority: 0x7effffff, Type: CandidateHost, Extensions: []IceExtension{{[]byte("a"), []byte("b")}},
			}},
		}}},
	{"attach answer, reflexive and IPv6",
		"00 00 06 616374697665 0025 02 12 20010db8000000000000000000000001 0001 01 00 00000001 02 01 06 0a000001 0002 0000 00",
		&AttachAns{Attach{
			Role: RoleActive,
			Candidates: []IceCandidate{{
				Addr: netip.MustParseAddrPort("[2001:db8::1]:1"), Link: LinkDTLSUDPSR, Priority: 1,
				Type: CandidateServerReflexive, Related: netip.MustParseAddrPort("10.0.0.1:2"),
			}},
		}}},
	{"attach answer, IPv4-mapped stays IPv6",
		"00 00 00 001d 02 12 00000000000000000000ffffc0000201 17c4 03 00 00000000 01 0000 00",
		&AttachAns{Attach{Candidates: []IceCandidate{{
			Addr: netip.AddrPortFrom(netip.MustParseAddr("::ffff:192.0.2.1"), 6084), Link: LinkDTLSUDPSRNoICE, Type: CandidateHost,
		}}}}},
	{"app_attach request", "00 00 13c5 07 70617373697665 0000",
		&AppAttachReq{AppAttach{Application: ApplicationSIPS, Role: RolePassive}}},
	{"app_attach answer", "01 75 01 70 13c5 06 616374697665 0000",
		&AppAttachAns{AppAttach{Ufrag: []byte("u"), Password: []byte("p"), Application: ApplicationSIPS, Role: RoleActive}}},
	{"store of a dictionary entry",
		r22 + "00 00000047 00000001 0000000000000000 00000037" +
			"00000033 000001871234abcd 00000e10 0010" + n11 + "01 00000002 6869" + signedHex,
		&StoreReq{Resource: res22, Kinds: []StoreKindData{{Kind: KindSIPRegistration, Values: []StoredData{{
			StorageTime: 0x1871234abcd, Lifetime: time.Hour, Signature: signed,
			Value: StoredValue{Model: ModelDictionary, Key: NodeKey(node(0x11)), Exists: true, Data: []byte("hi")},
		}}}}}},
	{"store of an array entry, replica 2",
		r22 + "02 00000038 00000003 0000000000000007 00000028" +
			"00000024 0000000000000001 00000001 ffffffff 01 00000001 ff" + signedHex,
		&StoreReq{Resource: res22, Replica: 2, Kinds: []StoreKindData{{Kind: KindCertificateByNode, Generation: 7, Values: []StoredData{{
			StorageTime: 1, Lifetime: time.Second, Signature: signed,
			Value: StoredValue{Model: ModelArray, Index: AppendIndex, Exists: true, Data: []byte{0xff}},
		}}}}}},
	{"store of an unknown Kind", r22 + "00 00000013 f0000001 0000000000000000 00000003 010203",
		&StoreReq{Resource: res22, Kinds: []StoreKindData{{Kind: 0xf0000001, Raw: []byte{1, 2, 3}}}}},
	{"store answer", "001e 00000001 0000000000000002 0010" + n33,
		&StoreAns{Kinds: []StoreKindResponse{{Kind: 1, Generation: 2, Replicas: []NodeID{node(0x33)}}}}},
	{"fetch of all keys, a range, and a single value",
		r22 + "0036 00000001 0000000000000000 0002 0000" +
			"00000003 0000000000000005 000a 0008 00000000 ffffffff" + "00000002 0000000000000000 0000",
		&FetchReq{Resource: res22, Specifiers: []Specifier{
			{Kind: KindSIPRegistration, Model: ModelDictionary},
			{Kind: KindCertificateByNode, Generation: 5, Model: ModelArray, Ranges: []ArrayRange{{0, AppendIndex}}},
			{Kind: KindTURNService, Model: ModelSingle},
		}}},
	{"fetch of one key and of an unknown Kind",
		r22 + "0023 00000104 0000000000000000 0005 0003 0001 6b" + "f0000001 0000000000000000 0002 dead",
		&FetchReq{Resource: res22, Specifiers: []Specifier{
			{Kind: KindReDiR, Model: ModelDictionary, Keys: []DictionaryKey{"k"}},
			{Kind: 0xf0000001, Raw: []byte{0xde, 0xad}},
		}}},
	{"fetch answer with a value that nobody stored",
		"0000002c 00000002 0000000000000000 0000001c 00000018 0000000000000000 00000000 00 00000000" + noSignature,
		&FetchAns{Kinds: []FetchKindResponse{{Kind: KindTURNService, Values: []StoredData{{
			Value: StoredValue{Model: ModelSingle}, Signature: NoSignature(),
		}}}}}},
	{"stat request", r22 + "0010 00000001 0000000000000000 0002 0000",
		&StatReq{Resource: res22, Specifiers: []Specifier{{Kind: KindSIPRegistration, Model: ModelDictionary}}}},
	{"stat answer",
		"0000002e 00000001 0000000000000009 0000001e 0000001a 0000000000000001 00000002 0001 6b 01 00000003 04 04 01020304",
		&StatAns{Kinds: []StatKindResponse{{Kind: KindSIPRegistration, Generation: 9, Values: []StoredMetaData{{
			StorageTime: 1, Lifetime: 2 * time.Second, Model: ModelDictionary, Key: "k", Exists: true, Length: 3,
			Hash: HashSHA256, Digest: []byte{1, 2, 3, 4},
		}}}}}},
	{"find request", r22 + "08 00000001 00000104", &FindReq{Resource: res22, Kinds: []KindID{1, 0x104}}},
	{"find answer", "0015 00000001" + r22, &FindAns{Results: []FindKindData{{Kind: 1, Closest: res22}}}},
	{"join request", n11 + "0000", &JoinReq{Node: node(0x11)}},
	{"join answer", "0001 2a", &JoinAns{Data: []byte{0x2a}}},
	{"leave request", n11 + "0003 01 0000", &LeaveReq{Node: node(0x11), Data: []byte{1, 0, 0}}},
	{"leave answer", "", &LeaveAns{}},
	{"update: peer_ready", "0000000a 01", &UpdateReq{Uptime: 10 * time.Second, Type: UpdatePeerReady}},
	{"update: neighbors", "0000000a 02 0010" + n11 + "0020" + n22 + n33, &UpdateReq{
		Uptime: 10 * time.Second, Type: UpdateNeighbors, Predecessors: []NodeID{node(0x11)}, Successors: []NodeID{node(0x22), node(0x33)},
	}},
	{"update: full", "00000000 03 0000 0000 0010" + n11, &UpdateReq{Type: UpdateFull, Fingers: []NodeID{node(0x11)}}},
	{"update answer", "", &UpdateAns{}},
	{"route_query request", "01 02 11" + r22 + "0000", &RouteQueryReq{SendUpdate: true, Destination: ToResource(res22)}},
	{"route_query answer", n11, &RouteQueryAns{Next: node(0x11)}},
	{"ping request", "0003 000000", &PingReq{Padding: []byte{0, 0, 0}}},
	{"ping answer", "0102030405060708 0000018712345678", &PingAns{ResponseID: 0x0102030405060708, Time: 0x18712345678}},
	{"config_update with a document", "01 00000007 000004 3c612f3e", &ConfigUpdateReq{Type: ConfigUpdateConfig, Config: []byte("<a/>")}},
	{"config_update with Kinds", "02 0000000b 000008 0001 61 0003 626364",
		&ConfigUpdateReq{Type: ConfigUpdateKind, Kinds: [][]byte{[]byte("a"), []byte("bcd")}}},
	{"config_update of another type", "07 00000002 beef", &ConfigUpdateReq{Type: 7, Raw: []byte{0xbe, 0xef}}},
	{"config_update answer", "", &ConfigUpdateAns{}},
	{"path_track request", "01 10" + n11 + "0000018712345678 0000018712345670 0000000000000144 00000008 00000008 f001 00000002 abcd",
		&PathTrackReq{Destination: ToNode(node(0x11)), Request: DiagnosticsRequest{
			Expiration: 0x18712345678, Initiated: 0x18712345670,
			Flags:      DiagnosticsFlags(DiagnosticRoutingTableSize, DiagnosticSoftwareVersion, DiagnosticAppUptime),
			Extensions: []DiagnosticExtension{{Kind: 0xf001, Contents: []byte{0xab, 0xcd}}},
		}}},
	{"path_track answer", "01 10" + n22 + "0000018712345678 0000018712345670 0000018712345675 61 00000008 00000008 0002 0004 00000007",
		&PathTrackAns{NextHop: ToNode(node(0x22)), Response: DiagnosticsResponse{
			Expiration: 0x18712345678, Initiated: 0x18712345670, Received: 0x18712345675, HopCounter: 97,
			Info: []DiagnosticInfo{{Kind: DiagnosticRoutingTableSize, Contents: []byte{0, 0, 0, 7}}},
		}}},
	{"path_track answer with nothing", "01 10" + n22 + "0000000000000001 0000000000000002 0000000000000003 61 00000000 00000000",
		&PathTrackAns{NextHop: ToNode(node(0x22)), Response: DiagnosticsResponse{Expiration: 1, Initiated: 2, Received: 3, HopCounter: 97}}},
	{"error", "0003 0004 6e6f7065", &ErrorResponse{Reason: ErrorNotFound, Info: []byte("nope")}},
}
