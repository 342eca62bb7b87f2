package overlay

import "tandem/overlay/wire"

// sendOn puts a message, encoded as b, on a link: whole, or in pieces if the node is to send smaller ones (6.7).
func (n *Node) sendOn(c *conn, m *wire.Message, b []byte) error {
	if n.cfg.MaxFragment <= 0 || len(b) <= n.cfg.MaxFragment {
		return c.link.Send(b)
	}
	pieces, err := m.MarshalFragments(n.cfg.MaxFragment)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if err := c.link.Send(p); err != nil {
			return err
		}
	}
	return nil
}
