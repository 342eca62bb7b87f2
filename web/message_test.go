package web_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/zaf/g711"

	"tandem/gateway/call"
	"tandem/voicemail"
	"tandem/web"
	"tandem/web/account"
)

// tone is n samples of A-law of which sample i is tonePCM(i).
func tone(n int) []byte {
	coded := make([]byte, n)
	for i := range coded {
		coded[i] = g711.EncodeAlawFrame(int16(12000 * math.Sin(float64(i)/4)))
	}
	return coded
}

// deposit leaves a message of that many samples in the mailbox.
func (s *site) deposit(t *testing.T, owner string, samples int) uuid.UUID {
	t.Helper()
	if _, err := s.mail.EnsureMailbox(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	id, audio := uuid.Must(uuid.NewV7()), tone(samples)
	m := voicemail.Message{
		ID: id, Mailbox: owner, Codec: call.PCMA, Created: time.Now(), Reason: call.NobodyAnswers,
		Caller: call.Party{Number: "+15551230002", Name: "Carol"},
	}
	if err := s.mail.Begin(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for start := 0; start < samples; start += 8000 {
		piece := audio[start:min(start+8000, samples)]
		if err := s.mail.Append(t.Context(), owner, id, voicemail.Chunk{Start: start, Audio: piece, Speech: time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.mail.Finish(t.Context(), owner, id, voicemail.Ended{By: voicemail.ByHangup, Bytes: samples, Speech: time.Second}); err != nil {
		t.Fatal(err)
	}
	return id
}

type folder struct {
	Messages   []web.Message
	New, Trash int
}

func (b *browser) folder(name string) (f folder) {
	b.t.Helper()
	b.do("GET", "/api/messages?folder="+name, nil).want(200).into(&f)
	return f
}

func TestAMessagesLife(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	if f := b.folder("inbox"); len(f.Messages) != 0 || f.New != 0 {
		t.Errorf("an empty mailbox has %+v", f)
	}
	older, newer := s.deposit(t, alice.AoR, 8000), s.deposit(t, alice.AoR, 20_000)
	f := b.folder("inbox")
	if len(f.Messages) != 2 || f.New != 2 || f.Messages[0].ID != newer || f.Messages[1].ID != older {
		t.Fatalf("two messages, newest first: %+v", f)
	}
	m := f.Messages[0]
	if m.Caller != "+15551230002" || m.CallerName != "Carol" || m.DurationMS != 2500 || m.Heard || m.Reason != "no-answer" || m.TrashedAt != nil {
		t.Errorf("%+v", m)
	}
	path := "/api/messages/" + newer.String()
	b.do("GET", m.Audio, nil).want(200) // a GET changes nothing
	if f = b.folder("inbox"); f.New != 2 {
		t.Error("fetching the audio marked the message")
	}
	b.do("PATCH", path, in{"heard": true}).want(200).says(`"heard":true`)
	b.do("PATCH", path, in{"heard": true}).want(200)
	if f = b.folder("inbox"); f.New != 1 || len(f.Messages) != 2 {
		t.Errorf("after hearing one: %+v", f)
	}
	b.do("PATCH", path, in{"heard": false}).want(200).says(`"heard":false`)

	b.do("DELETE", path, nil).want(204)
	b.do("DELETE", path, nil).want(204)
	if f = b.folder("inbox"); len(f.Messages) != 1 || f.Trash != 1 {
		t.Errorf("after deleting one: %+v", f)
	}
	if f = b.folder("trash"); len(f.Messages) != 1 || f.Messages[0].ID != newer || f.Messages[0].TrashedAt == nil {
		t.Errorf("trash: %+v", f)
	}
	b.do("POST", path+"/restore", nil).want(200).says(`"heard":false`)
	if f = b.folder("inbox"); len(f.Messages) != 2 || f.New != 2 || f.Trash != 0 {
		t.Errorf("after undo: %+v", f)
	}
	b.do("DELETE", path+"?forever=true", nil).want(204)
	b.do("GET", path, nil).want(404)
	b.do("DELETE", path, nil).want(404)
}

func TestAnothersMessageIsNotThere(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.user(t, "alice", account.RoleUser)
	s.user(t, "bob", account.RoleAdministrator) // administrators neither
	path := "/api/messages/" + s.deposit(t, alice.AoR, 8000).String()
	b := s.signedIn(t, "bob")
	b.do("GET", path, nil).want(404)
	b.do("GET", path+"/audio", nil).want(404)
	b.do("GET", path+"/peaks", nil).want(404)
	b.do("PATCH", path, in{"heard": true}).want(404)
	b.do("PATCH", path, in{"heard": false}).want(404)
	b.do("POST", path+"/restore", nil).want(404)
	b.do("DELETE", path, nil).want(404)
	b.do("DELETE", path+"?forever=true", nil).want(404)
	b.do("GET", "/api/messages/none/audio", nil).want(404)
	s.browser(t).do("GET", path+"/audio", nil).want(401)
	a := s.signedIn(t, "alice")
	if f := a.folder("inbox"); f.New != 1 || len(f.Messages) != 1 {
		t.Errorf("somebody else changed it: %+v", f)
	}
}

func TestAudioAndItsRanges(t *testing.T) {
	t.Parallel()
	const samples = 20_001
	s := start(t)
	alice := s.user(t, "alice", account.RoleUser)
	path := "/api/messages/" + s.deposit(t, alice.AoR, samples).String() + "/audio"
	b := s.signedIn(t, "alice")

	whole := b.do("GET", path, nil).want(200)
	if got := whole.Header.Get("Content-Type"); got != "audio/wav" {
		t.Errorf("Content-Type %s", got)
	}
	if len(whole.body) != 44+2*samples || string(whole.body[:4]) != "RIFF" || int(binary.LittleEndian.Uint32(whole.body[40:])) != 2*samples {
		t.Fatalf("%d bytes, header % x", len(whole.body), whole.body[:44])
	}
	for i, coded := range tone(samples) {
		if got, want := int16(binary.LittleEndian.Uint16(whole.body[44+2*i:])), g711.DecodeAlawFrame(coded); got != want {
			t.Fatalf("sample %d is %d, want %d", i, got, want)
		}
	}
	end := len(whole.body)
	for _, c := range []struct {
		asked    string
		from, to int
	}{
		{"bytes=0-1", 0, 2},
		{"bytes=0-99", 0, 100},
		{"bytes=40-47", 40, 48},
		{"bytes=43-43", 43, 44},
		{"bytes=45-45", 45, 46},
		{"bytes=16043-16046", 16043, 16047}, // across two chunks, from the middle of a sample
		{"bytes=20000-", 20000, end},
		{"bytes=-5", end - 5, end},
		{"bytes=" + strconv.Itoa(end-1) + "-9999999", end - 1, end},
	} {
		part := b.do("GET", path, nil, "Range", c.asked).want(206)
		if !bytes.Equal(part.body, whole.body[c.from:c.to]) {
			t.Errorf("%s: % x, want % x", c.asked, part.body[:min(8, len(part.body))], whole.body[c.from:min(c.from+8, c.to)])
		}
	}
	b.do("GET", path, nil, "Range", "bytes=9999999-").want(416)
	b.do("GET", path, nil, "Range", "bytes=5-2").want(416)
	b.do("GET", path, nil, "Range", "words=1-2").want(416)
	b.do("GET", path, nil, "Range", "bytes=0-1,10-12").want(206).says("Content-Range: bytes 10-12/")
	b.do("GET", path, nil, "If-None-Match", whole.Header.Get("ETag")).want(304)
	b.do("GET", path, nil, "Range", "bytes=0-1", "If-Range", `"older"`).want(200)
	if head := b.do("HEAD", path, nil); head.StatusCode != 200 || head.ContentLength != int64(end) {
		t.Errorf("HEAD: %d %d", head.StatusCode, head.ContentLength)
	}
	if got := b.do("GET", path+"?download", nil).want(200).Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=") {
		t.Errorf("Content-Disposition %s", got)
	}
}

func TestPeaks(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	for _, samples := range []int{16_000, 50} {
		var out struct{ Peaks []int }
		b.do("GET", "/api/messages/"+s.deposit(t, alice.AoR, samples).String()+"/peaks", nil).want(200).into(&out)
		loudest := 0
		for _, p := range out.Peaks {
			loudest = max(loudest, p)
		}
		if len(out.Peaks) != 480 || loudest != 100 {
			t.Errorf("%d samples: %v", samples, out.Peaks)
		}
	}
}

// Another server peer's change reaches this one's pages through the database.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %s", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() bool {
		for lines.Scan() {
			if lines.Text() == "event: messages" {
				return true
			}
		}
		return false
	}
	if !next() {
		t.Fatal("the first event did not come")
	}
	s.deposit(t, alice.AoR, 8000)
	if !next() {
		t.Fatal("a new message made no event")
	}
	s.stop()
	for lines.Scan() { // until the portal ends the stream
	}
}

func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	for range 10 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.client.Do(req)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res.StatusCode, err)
		}
		defer res.Body.Close()
	}
	b.do("GET", "/api/events", nil).want(429)
}
