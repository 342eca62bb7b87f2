package wire

import (
	"testing"
	"time"
)

// benchMessages are a Ping, an Update of three and three neighbors, and a Store of one registration.
func benchMessages() map[string]Body {
	three := []NodeID{node(1), node(2), node(3)}
	return map[string]Body{
		"Ping":   &PingReq{},
		"Update": &UpdateReq{Uptime: time.Hour, Type: UpdateNeighbors, Predecessors: three, Successors: three},
		"Store": &StoreReq{Resource: res22, Kinds: []StoreKindData{{Kind: KindSIPRegistration, Values: []StoredData{{
			StorageTime: 1, Lifetime: time.Hour, Signature: signed,
			Value: StoredValue{Model: ModelDictionary, Key: NodeKey(node(1)), Exists: true, Data: make([]byte, 64)},
		}}}}},
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, body := range benchMessages() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := ping()
				var err error
				if m.Contents, err = MarshalContents(body); err != nil {
					b.Fatal(err)
				}
				if _, err = m.MarshalBinary(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, body := range benchMessages() {
		m := ping()
		m.Contents, _ = MarshalContents(body)
		data, err := m.MarshalBinary()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m Message
				if err := m.UnmarshalBinary(data); err != nil {
					b.Fatal(err)
				}
				c, err := ParseContents(m.Contents)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Decode(nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Every body of the tests, to bytes and back.
func BenchmarkBodies(b *testing.B) {
	for _, row := range bodies {
		contents, err := MarshalContents(row.want)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(row.want.Code().String()+"/"+row.name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := MarshalContents(row.want); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(row.want.Code().String()+"/"+row.name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := ParseContents(contents)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Decode(nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Forwarding reads the header and writes it anew; the rest passes through.
func BenchmarkForward(b *testing.B) {
	m := ping()
	m.Security = make([]byte, 800)
	data, err := m.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var m Message
		if err := m.UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
		m.Header.TTL--
		m.Header.Via = append(m.Header.Via, ToNode(node(9)))
		if _, err := m.MarshalBinary(); err != nil {
			b.Fatal(err)
		}
	}
}
