package overlay

import (
	"encoding/binary"
	"slices"

	"tandem/overlay/wire"
)

// lengthOffset is where the forwarding header has the length of the message (6.3.2).
const lengthOffset = 16

// tooLarge answers an oversized request, of which head is the beginning, by Error_Message_Too_Large (6.6). The link
// closes after it. A header that does not fit into head, or anything but a request, is not answered.
func (n *Node) tooLarge(c *conn, head []byte) {
	n.refusals.Note("link closed", c.node.String(), "message larger than the overlay's max-message-size")
	if len(head) < lengthOffset+4 {
		return
	}
	head = slices.Clone(head)
	binary.BigEndian.PutUint32(head[lengthOffset:], uint32(len(head)))
	var m wire.Message
	if err := m.UnmarshalBinary(head); err != nil || !m.Code().IsRequest() {
		return
	}
	contents, err := wire.MarshalContents(&wire.ErrorResponse{Reason: wire.ErrorMessageTooLarge})
	if err != nil {
		return
	}
	answer := wire.Message{Contents: contents, Header: wire.ForwardingHeader{
		Overlay: m.Header.Overlay, ConfigSequence: n.document.Load().Sequence, TTL: n.document.Load().InitialTTL,
		Fragment: wire.Whole, TransactionID: m.Header.TransactionID,
		Destinations: append([]wire.Destination{wire.ToNode(c.node)}, backwards(m.Header.Via)...),
	}}
	if err := n.identity.Load().SignMessage(&answer); err != nil {
		return
	}
	if b, err := answer.MarshalBinary(); err == nil {
		_ = c.link.Send(b)
	}
}

// backwards is the way back along a via list (6.1.2).
func backwards(via []wire.Destination) []wire.Destination {
	out := slices.Clone(via)
	slices.Reverse(out)
	return out
}
