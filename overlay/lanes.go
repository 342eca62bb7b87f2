package overlay

import (
	"context"
	"errors"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// received decodes what came on a link and hands it to the loop, waiting for it: a flood is held back by TCP.
func (n *Node) received(c *conn, b []byte) {
	m := new(wire.Message)
	if err := m.UnmarshalBinary(b); err != nil {
		n.counts.garble()
		n.refusals.Note("message not understood", c.node.String(), err.Error())
		return
	}
	n.counts.received(m.Code(), len(b))
	n.tell(func(now time.Time) {
		if n.conns[c.id] == c {
			n.core.Receive(now, c.id, m)
		}
	})
}

// verify queues a message for its link's lane.
func (n *Node) verify(v *peer.Verify) {
	c, ok := n.conns[v.Link]
	if !ok {
		return
	}
	select {
	case c.incoming <- v:
	default:
		n.counts.drop()
		n.refusals.Note("message dropped", c.node.String(), "too many wait for verification")
	}
}

// verifyLane checks signatures, one message after the other.
func (n *Node) verifyLane(ctx context.Context, c *conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-c.incoming:
			n.check(c, v)
		}
	}
}

func (n *Node) check(c *conn, v *peer.Verify) {
	checked, err := n.verifier.Message(v.Message)
	if err != nil {
		n.counts.refused(v.Message.Code())
		n.refusals.Note("message dropped", c.node.String(), err.Error())
		return
	}
	values, bad := make([]peer.ValueSigner, len(v.Values)), 0
	for i, val := range v.Values {
		values[i] = checkValue(checked, val)
		if err := values[i].Err; err != nil && !errors.Is(err, cert.ErrSynthetic) {
			bad++
		}
	}
	n.counts.unverified(v.Message.Code(), bad)
	learned := n.addresses.learn(checked.Signer.NodeID, v.Message)
	n.tell(func(now time.Time) {
		n.core.Verified(now, v, signerOf(checked.Signer), values)
		if learned {
			n.peersChanged(n.core.State())
		}
	})
}

func checkValue(checked cert.Checked, v peer.Stored) peer.ValueSigner {
	signer, err := checked.Value(v.Resource, v.Kind, v.Data)
	return peer.ValueSigner{Signer: signerOf(signer), Err: err}
}

func signerOf(s cert.Signer) peer.Signer {
	if s.Certificate == nil {
		return peer.Signer{}
	}
	return peer.Signer{NodeID: s.NodeID, User: s.User, Certificate: s.Certificate.Raw}
}

// send queues a message for its link's lane.
func (n *Node) send(s *peer.Send) {
	c, ok := n.conns[s.Link]
	if !ok {
		return
	}
	select {
	case c.outgoing <- outgoing{send: s}:
	default:
		n.counts.drop()
		n.refusals.Note("message not sent", c.node.String(), "too many wait to be sent")
	}
}

// sendLane signs and sends, one message after the other.
func (n *Node) sendLane(ctx context.Context, c *conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case out := <-c.outgoing:
			if out.send == nil {
				c.link.Drain(out.end)
				continue
			}
			if err := n.transmit(c, out.send); err != nil {
				n.log.Debug("message not sent", "with", c.node, "code", (&wire.Message{Contents: out.send.Contents}).Code(), "err", err)
			}
		}
	}
}

func (n *Node) transmit(c *conn, s *peer.Send) error {
	m := wire.Message{Header: s.Header, Contents: s.Contents}
	switch {
	case s.Forward != nil:
		m.Contents, m.Security = s.Forward.Contents, s.Forward.Security
	case s.Sign:
		if err := n.identity.Load().SignMessage(&m, s.Certificates...); err != nil {
			return err
		}
	}
	b, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	if len(b) > n.maxMessage() {
		n.counts.drop()
		n.refusals.Note("message not sent", c.node.String(), errTooLarge.Error())
		return errTooLarge
	}
	n.counts.sent(m.Code(), len(b))
	return n.sendOn(c, &m, b)
}

var errTooLarge = errors.New("message larger than the overlay's max-message-size")
