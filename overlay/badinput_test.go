package overlay_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/link"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// A member is a node of the overlay that the test plays byte by byte over one link to a peer.
type member struct {
	t       *testing.T
	id      *cert.Identity
	peer    wire.NodeID
	link    *link.Link
	answers chan *wire.Message
	ended   chan struct{}
	next    wire.TransactionID
}

// newMember links a new node with a certificate to n.
func newMember(t *testing.T, w *overlaytest.Network, n *overlay.Node, user string) *member {
	t.Helper()
	m := &member{
		t: t, id: w.Identity(user + "@" + overlaytest.Name), peer: n.NodeID(),
		answers: make(chan *wire.Message, 4096), ended: make(chan struct{}), next: 1,
	}
	verifier := cert.NewVerifier(overlaytest.Name, w.Document().Trust(), nil)
	conn, err := link.Dial(t.Context(), w.Status(n).Address, cert.TLSConfig(func() *cert.Identity { return m.id }, verifier))
	if err != nil {
		t.Fatal(err)
	}
	m.link = link.New(conn, 60000, link.Events{
		Message: func(_ *link.Link, b []byte) {
			got := new(wire.Message)
			if err := got.UnmarshalBinary(b); err == nil && !got.Code().IsRequest() {
				select {
				case m.answers <- got:
				default: // a flood; nobody counts these
				}
			}
		},
		Silent: func(*link.Link) {}, TooLarge: func(*link.Link, []byte) {},
	})
	go func() { _ = m.link.Run(t.Context()); close(m.ended) }()
	t.Cleanup(func() { m.link.Close(); <-m.ended })
	return m
}

// message is a signed request to the peer, or along dest.
func (m *member) message(body wire.Body, dest ...wire.Destination) *wire.Message {
	m.t.Helper()
	contents, err := wire.MarshalContents(body)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(dest) == 0 {
		dest = []wire.Destination{wire.ToNode(m.peer)}
	}
	m.next++
	msg := &wire.Message{Contents: contents, Header: wire.ForwardingHeader{
		Overlay: wire.OverlayID(overlaytest.Name), TTL: 10, Fragment: wire.Whole, TransactionID: m.next, Destinations: dest,
	}}
	if err := m.id.SignMessage(msg); err != nil {
		m.t.Fatal(err)
	}
	return msg
}

func (m *member) bytes(msg *wire.Message) []byte {
	m.t.Helper()
	b, err := msg.MarshalBinary()
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

// send waits for room in the link's queue.
func (m *member) send(b []byte) {
	m.t.Helper()
	for err := m.link.Send(b); err != nil; err = m.link.Send(b) {
		select {
		case <-m.ended:
			m.t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
}

// ask sends a request and returns the body of the next answer, which must be to it.
func (m *member) ask(msg *wire.Message) wire.Body {
	m.t.Helper()
	m.send(m.bytes(msg))
	return m.answer(msg.Header.TransactionID)
}

func (m *member) answer(to wire.TransactionID) wire.Body {
	m.t.Helper()
	select {
	case got := <-m.answers:
		c, err := wire.ParseContents(got.Contents)
		if err != nil || got.Header.TransactionID != to {
			m.t.Fatalf("an answer to %v, want one to %v (%v)", got.Header.TransactionID, to, err)
		}
		body, err := c.Decode(nil)
		if err != nil {
			m.t.Fatal(err)
		}
		return body
	case <-time.After(time.Minute):
		m.t.Fatal("no answer")
	}
	return nil
}

// reason is what an error response says, 0 for another answer.
func reason(body wire.Body) wire.ErrorCode {
	if e, ok := body.(*wire.ErrorResponse); ok {
		return e.Reason
	}
	return 0
}

// What is signed wrongly, cut off or for nobody gets no answer, and the link goes on.
// RELOAD: SIG-6 HDR-4 RT-1 DST-3
func TestBadMessagesGetNoAnswer(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	m := newMember(t, w, first, "odd")
	root, key := overlaytest.Root(t)
	stranger := overlaytest.Issue(t, root, key, m.id.User, time.Now().Add(time.Hour))
	at := wire.ToResource(wire.HashResource([]byte("x")))
	rows := []struct {
		name   string
		change func(*wire.Message)
	}{
		{"contents changed after signing", func(msg *wire.Message) { msg.Contents[len(msg.Contents)-5] ^= 1 }},
		{"transaction changed after signing", func(msg *wire.Message) { msg.Header.TransactionID++ }},
		{"signed by a stranger", func(msg *wire.Message) { _ = stranger.SignMessage(msg) }},
		{"another overlay", func(msg *wire.Message) { msg.Header.Overlay++ }},
		{"a Node-ID that nobody has", func(msg *wire.Message) { msg.Header.Destinations[0] = wire.ToNode(stranger.NodeID()) }},
		{"a resource and more behind it", func(msg *wire.Message) {
			msg.Header.Destinations = []wire.Destination{at, wire.ToNode(m.peer)}
		}},
		{"an answer that nobody waits for", func(msg *wire.Message) {
			msg.Contents, _ = wire.MarshalContents(&wire.PingAns{})
			_ = m.id.SignMessage(msg)
		}},
		{"no security block", func(msg *wire.Message) { msg.Security = nil }},
	}
	for _, row := range rows {
		msg := m.message(&wire.PingReq{Padding: []byte("0123456789")})
		row.change(msg)
		m.send(m.bytes(msg))
		if body := m.ask(m.message(&wire.PingReq{})); body.Code() != wire.CodePingAns {
			t.Errorf("%s: then a good Ping is answered by %v", row.name, body)
		}
	}
	whole := m.bytes(m.message(&wire.PingReq{}))
	for n := range whole {
		m.send(whole[:n])
	}
	if body := m.ask(m.message(&wire.PingReq{})); body.Code() != wire.CodePingAns {
		t.Errorf("after messages cut off a good Ping is answered by %v", body)
	}
	s := w.Status(first)
	if got := trafficOf(s, "ping_req").SignatureFailed; got < 3 {
		t.Errorf("%d Pings are counted as signed wrongly, want 3 at least", got)
	}
	if s.Garbled < uint64(len(whole))/2 {
		t.Errorf("%d messages are counted as garbled, %d were cut off", s.Garbled, len(whole))
	}
}

// registration is a member's signed value under its own user.
func (m *member) registration(at wire.Timestamp, data string) (wire.ResourceID, wire.StoredData) {
	m.t.Helper()
	resource := wire.HashResource([]byte(m.id.User))
	d := wire.StoredData{StorageTime: at, Lifetime: time.Hour, Value: wire.StoredValue{
		Model: wire.ModelDictionary, Key: wire.NodeKey(m.id.NodeID()), Exists: true, Data: []byte(data)}}
	if err := m.id.SignValue(resource, wire.KindSIPRegistration, &d); err != nil {
		m.t.Fatal(err)
	}
	return resource, d
}

func (m *member) storing(resource wire.ResourceID, d wire.StoredData) *wire.Message {
	return m.message(&wire.StoreReq{Resource: resource, Kinds: []wire.StoreKindData{
		{Kind: wire.KindSIPRegistration, Values: []wire.StoredData{d}}}}, wire.ToResource(resource))
}

// A Store that is played again, by whoever caught it, does not bring the old value back; and nobody can store another's
// signed value as his own request.
// RELOAD: REQ-2 STO-6 STO-4 AMB-5
func TestReplayedStoreChangesNothing(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	alice, mallory := newMember(t, w, first, "alice"), newMember(t, w, first, "mallory")
	resource, old := alice.registration(1000, "old")
	_, newer := alice.registration(2000, "new")
	caught := alice.storing(resource, old)
	for _, msg := range []*wire.Message{caught, alice.storing(resource, newer)} {
		if body := alice.ask(msg); body.Code() != wire.CodeStoreAns {
			t.Fatalf("store: %v", body)
		}
	}
	_ = mallory.ask(caught) // answered as before, or refused
	_ = alice.ask(caught)
	if got := reason(alice.ask(alice.storing(resource, old))); got != wire.ErrorDataTooOld {
		t.Errorf("the old value in a new request: %v, want %v", got, wire.ErrorDataTooOld)
	}
	if got := reason(alice.ask(alice.storing(resource, newer))); got != 0 {
		t.Errorf("the same value once more: %v", got)
	}
	borrowed := mallory.storing(resource, newer)
	if err := mallory.id.SignMessage(borrowed, alice.id.Certificate.Raw); err != nil {
		t.Fatal(err)
	}
	if got := reason(mallory.ask(borrowed)); got != wire.ErrorForbidden {
		t.Errorf("alice's value in mallory's request: %v, want %v", got, wire.ErrorForbidden)
	}
	if got, err := fetched(w.Context(), first, alice.id.User); err != nil || string(got) != "new" {
		t.Errorf("stored is %q, %v, want the new value", got, err)
	}
}

// Storage times are compared with each other, never with a clock. A value from the year 2100 hurts its owner alone, who
// goes on from there.
// RELOAD: STO-6
func TestStoreFromTheFuture(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	id := w.Identity("alice@" + overlaytest.Name)
	m := newMember(t, w, first, "unused")
	m.id = id
	resource, d := m.registration(wire.TimestampOf(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)), "future")
	msg := m.storing(resource, d)
	if body := m.ask(msg); body.Code() != wire.CodeStoreAns {
		t.Fatalf("store: %v", body)
	}
	alice := w.Start(func(c *overlay.Config) { c.Client, c.Identity = true, id })
	w.WaitJoined(alice)
	data := record(t, w.Context(), alice)
	holds(w, first, alice.User(), data)
	bob := w.Client("bob@" + overlaytest.Name)
	holds(w, first, bob.User(), record(t, w.Context(), bob))
}

// One member floods a peer with Attaches and AppAttaches to where nobody answers. Others still get their links.
func TestFloodOfAttaches(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	echo(t, first)
	m := newMember(t, w, first, "mallory")
	hole, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hole.Close() }()
	before := runtime.NumGoroutine()
	candidate := wire.IceCandidate{Addr: netip.MustParseAddrPort(hole.Addr().String()), Link: wire.LinkTLSTCPFHNoICE, Foundation: []byte("1"), Type: wire.CandidateHost}
	attach := &wire.AttachReq{Attach: wire.Attach{Role: wire.RolePassive, Candidates: []wire.IceCandidate{candidate}, SendUpdate: true}}
	app := &wire.AppAttachReq{AppAttach: wire.AppAttach{Application: overlay.AppSIPS, Role: wire.RolePassive, Candidates: []wire.IceCandidate{candidate}}}
	for i := range 2000 {
		body := wire.Body(attach)
		if i%2 == 0 {
			body = app
		}
		msg := m.message(body)
		msg.Header.Via = []wire.Destination{wire.ToNode(m.id.NodeID())} // as if from afar
		m.send(m.bytes(msg))
	}
	client := w.Client("alice@" + overlaytest.Name)
	conn, _, err := client.AppAttach(w.Context(), []wire.Destination{wire.ToNode(first.NodeID())}, overlay.AppSIPS)
	if err != nil {
		t.Fatalf("AppAttach of somebody else: %v", err)
	}
	exchange(t, conn)
	_ = conn.Close()
	holds(w, first, client.User(), record(t, w.Context(), client))
	if n := runtime.NumGoroutine() - before; n > 300 {
		t.Errorf("%d goroutines more after the flood", n)
	}
}

// A member sends as fast as it can, what is not understood and what asks for work. The peer's memory stays, and others
// are served meanwhile.
func TestFloodOfMessages(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	client := w.Client("alice@" + overlaytest.Name)
	data := record(t, w.Context(), client)
	m := newMember(t, w, first, "mallory")
	forged := m.message(&wire.PingReq{Padding: make([]byte, 4000)})
	forged.Contents[100] ^= 1
	garbage, ping := bytes.Repeat([]byte{0xd2}, 4900), m.bytes(forged)
	before := heap()
	var sent atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-m.ended:
				return
			default:
			}
			b := garbage
			if i%8 == 0 {
				b = ping
			}
			if m.link.Send(b) == nil {
				sent.Add(int64(len(b)))
			} else {
				runtime.Gosched()
			}
		}
	}()
	const size = 32 << 20
	for sent.Load() < size {
		if got, err := fetched(w.Context(), client, client.User()); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("fetch during the flood: %q, %v", got, err)
		}
	}
	close(stop)
	<-stopped
	if grown := heap() - before; grown > 16<<20 { // a gigabyte takes no more
		t.Errorf("the heap has grown by %d MiB in a flood of %d", grown>>20, size>>20)
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// A member opens link after link and says nothing. It keeps four, also when they have become silent; the rest of the
// overlay does not notice.
func TestSilentMemberKeepsFewLinks(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	id := w.Identity("mute@" + overlaytest.Name)
	verifier := cert.NewVerifier(overlaytest.Name, w.Document().Trust(), nil)
	const links = 20
	closed := make(chan error, links)
	for range links {
		conn, err := link.Dial(t.Context(), w.Status(first).Address, cert.TLSConfig(func() *cert.Identity { return id }, verifier))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		go func() {
			_, err := io.Copy(io.Discard, conn)
			closed <- err
		}()
	}
	for range links - 4 {
		<-closed
	}
	client := w.Client("alice@" + overlaytest.Name)
	holds(w, first, client.User(), record(t, w.Context(), client))
	if len(closed) != 0 {
		t.Errorf("%d of the last four links were closed, too", len(closed))
	}
}
