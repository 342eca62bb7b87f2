package wire

import (
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// UpdateType says how much a ChordUpdate tells (§10.7).
type UpdateType uint8

// The update types.
const (
	UpdatePeerReady UpdateType = 1 // only: I can be routed through
	UpdateNeighbors UpdateType = 2 // predecessors and successors
	UpdateFull      UpdateType = 3 // and fingers
)

// UpdateReq is an Update with the ChordUpdate of CHORD-RELOAD (§6.4.2.3, §10.7).
type UpdateReq struct {
	Uptime       time.Duration // whole seconds
	Type         UpdateType
	Predecessors []NodeID // UpdateNeighbors, UpdateFull; the order is not fixed
	Successors   []NodeID // UpdateNeighbors, UpdateFull
	Fingers      []NodeID // UpdateFull; ascending
}

// UpdateAns answers an Update. It is empty.
type UpdateAns struct{}

// Code is CodeUpdateReq.
func (*UpdateReq) Code() MessageCode { return CodeUpdateReq }

// Code is CodeUpdateAns.
func (*UpdateAns) Code() MessageCode { return CodeUpdateAns }

func (u *UpdateReq) marshal(b *cryptobyte.Builder) {
	b.AddUint32(seconds(u.Uptime))
	b.AddUint8(uint8(u.Type))
	if u.Type < UpdatePeerReady || u.Type > UpdateFull {
		b.SetError(fmt.Errorf("update type %d", u.Type))
	}
	if u.Type >= UpdateNeighbors {
		marshalNodes(b, u.Predecessors)
		marshalNodes(b, u.Successors)
	}
	if u.Type == UpdateFull {
		marshalNodes(b, u.Fingers)
	}
}

func (u *UpdateReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	var uptime uint32
	if !s.ReadUint32(&uptime) || !s.ReadUint8((*uint8)(&u.Type)) {
		return false
	}
	u.Uptime = time.Duration(uptime) * time.Second
	switch u.Type {
	case UpdatePeerReady:
		return true
	case UpdateNeighbors:
		return unmarshalNodes(s, &u.Predecessors) && unmarshalNodes(s, &u.Successors)
	case UpdateFull:
		return unmarshalNodes(s, &u.Predecessors) && unmarshalNodes(s, &u.Successors) && unmarshalNodes(s, &u.Fingers)
	}
	return false
}

func (*UpdateAns) marshal(*cryptobyte.Builder) {}

func (*UpdateAns) unmarshal(*cryptobyte.String, Models) bool { return true }
