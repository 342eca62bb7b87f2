package wire

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// ConfigUpdateType says what a ConfigUpdateReq brings (§6.5.4).
type ConfigUpdateType uint8

// The ConfigUpdate types.
const (
	ConfigUpdateConfig ConfigUpdateType = 1
	ConfigUpdateKind   ConfigUpdateType = 2
)

// ConfigUpdateReq brings a new configuration document or Kinds (§6.5.4.1).
type ConfigUpdateReq struct {
	Type   ConfigUpdateType
	Config []byte   // ConfigUpdateConfig: the document
	Kinds  [][]byte // ConfigUpdateKind: kind-block elements
	Raw    []byte   // of another type
}

// ConfigUpdateAns answers a ConfigUpdateReq. It is empty.
type ConfigUpdateAns struct{}

// Code is CodeConfigUpdateReq.
func (*ConfigUpdateReq) Code() MessageCode { return CodeConfigUpdateReq }

// Code is CodeConfigUpdateAns.
func (*ConfigUpdateAns) Code() MessageCode { return CodeConfigUpdateAns }

func (r *ConfigUpdateReq) marshal(b *cryptobyte.Builder) {
	b.AddUint8(uint8(r.Type))
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		switch r.Type {
		case 0:
			b.SetError(fmt.Errorf("ConfigUpdate type 0"))
		case ConfigUpdateConfig:
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(r.Config) })
		case ConfigUpdateKind:
			b.AddUint24LengthPrefixed(r.marshalKinds)
		default:
			b.AddBytes(r.Raw)
		}
	})
}

func (r *ConfigUpdateReq) marshalKinds(b *cryptobyte.Builder) {
	for _, k := range r.Kinds {
		addOpaque16(b, k)
	}
}

func (r *ConfigUpdateReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	var body cryptobyte.String
	if !s.ReadUint8((*uint8)(&r.Type)) || r.Type == 0 || !readUint32Prefixed(s, &body) {
		return false
	}
	if r.Type != ConfigUpdateConfig && r.Type != ConfigUpdateKind {
		return keep(body, &r.Raw)
	}
	var data cryptobyte.String
	if !body.ReadUint24LengthPrefixed(&data) || !body.Empty() {
		return false
	}
	if r.Type == ConfigUpdateConfig {
		return keep(data, &r.Config)
	}
	return r.unmarshalKinds(&data)
}

func (r *ConfigUpdateReq) unmarshalKinds(data *cryptobyte.String) bool {
	for !data.Empty() {
		var k []byte
		if !readOpaque16(data, &k) {
			return false
		}
		r.Kinds = append(r.Kinds, k)
	}
	return true
}

func (*ConfigUpdateAns) marshal(*cryptobyte.Builder) {}

func (*ConfigUpdateAns) unmarshal(*cryptobyte.String, Models) bool { return true }
