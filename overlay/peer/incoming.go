package peer

// incoming is a message for this node, decoded.
type incoming struct{}
