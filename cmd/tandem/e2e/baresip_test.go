package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A baresip is a softphone, driven over its control socket. It says a tone and records what it hears.
type baresip struct {
	address string // sip.Listen
	dir     string
	conn    net.Conn

	mu     sync.Mutex
	events []baresipEvent
	answer string // to the latest command
}

type baresipEvent struct {
	Type  string `json:"type"`
	Param string `json:"param"`
}

type baresipConfig struct {
	ip      string
	account string // the accounts file's line
	hz      float64
}

func startBaresip(t *testing.T, name string, c baresipConfig) *baresip {
	t.Helper()
	b := &baresip{dir: t.TempDir()}
	b.address = net.JoinHostPort(c.ip, strconv.Itoa(freePort(t, "udp", c.ip)))
	control := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t, "tcp", "127.0.0.1")))
	tone := filepath.Join(b.dir, "tone.wav")
	writeTone(t, tone, c.hz, 120*time.Second)
	config := fmt.Sprintf(`module_path /usr/lib/baresip/modules
sip_listen %s
audio_source aufile,%s
audio_player nil
audio_alert nil
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode thread
snd_path %s
ctrl_tcp_listen %s
module g711.so
module aufile.so
module sndfile.so
module_app account.so
module_app menu.so
module ctrl_tcp.so
`, b.address, tone, b.dir, control)
	write(t, filepath.Join(b.dir, "config"), config)
	write(t, filepath.Join(b.dir, "accounts"), c.account+"\n")
	start(t, name, nil, "baresip", "-f", b.dir)
	until(t, name+"'s control socket", func() bool {
		conn, err := net.Dial("tcp", control)
		b.conn = conn
		return err == nil
	})
	t.Cleanup(func() { _ = b.conn.Close() })
	go b.read()
	return b
}

// read takes netstrings from the control socket.
func (b *baresip) read() {
	r := bufio.NewReader(b.conn)
	for {
		size, err := r.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
		if err != nil {
			return
		}
		body := make([]byte, n+1) // with the comma after it
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var e struct {
			baresipEvent
			Event bool   `json:"event"`
			Data  string `json:"data"`
		}
		if json.Unmarshal(body[:n], &e) != nil {
			continue
		}
		b.mu.Lock()
		if e.Event {
			b.events = append(b.events, e.baresipEvent)
		} else {
			b.answer = e.Data
		}
		b.mu.Unlock()
	}
}

// command sends one command.
func (b *baresip) command(t *testing.T, name, params string) {
	t.Helper()
	m, err := json.Marshal(map[string]string{"command": name, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.conn, "%d:%s,", len(m), m); err != nil {
		t.Fatalf("baresip %s: %v", name, err)
	}
}

// waitRegistered asks until the account is registered: the event may have come before anybody listened.
func (b *baresip) waitRegistered(t *testing.T) {
	t.Helper()
	until(t, "baresip's registration", func() bool {
		b.command(t, "reginfo", "")
		b.mu.Lock()
		defer b.mu.Unlock()
		return strings.Contains(b.answer, "OK")
	})
}

// wait returns when an event of the type has been seen.
func (b *baresip) wait(t *testing.T, kind string) {
	t.Helper()
	until(t, "baresip's "+kind, func() bool { return len(b.params(kind)) > 0 })
}

// params are the parameters of all events of a type so far.
func (b *baresip) params(kind string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		if e.Type == kind {
			out = append(out, e.Param)
		}
	}
	return out
}

// heard is what came from the far side, as recorded.
func (b *baresip) heard(t *testing.T) []int16 {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if len(names) != 1 {
		t.Fatalf("baresip recorded %d calls, want 1", len(names))
	}
	return readWAV(t, names[0])
}

func freePort(t *testing.T, network, ip string) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", net.JoinHostPort(ip, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// toneLevel is how loud the tests' tones are, in dBm0.
const toneLevel = -10

func writeTone(t *testing.T, name string, hz float64, length time.Duration) {
	t.Helper()
	writeWAV(t, name, codec.Tone{Hz: []float64{hz}, Level: toneLevel, Length: length}.Source())
}

func writeWAV(t *testing.T, name string, src call.Source) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := codec.NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	var pcm call.PCM
	for src.ReadFrame(&pcm) == nil {
		if err := w.Write(pcm[:]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func readWAV(t *testing.T, name string) []int16 {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := codec.ReadWAV(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var all []int16
	var pcm call.PCM
	for src.ReadFrame(&pcm) == nil {
		all = append(all, pcm[:]...)
	}
	return all
}
