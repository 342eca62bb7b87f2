package link

// An ack acknowledges one data frame.
type ack struct{ sequence, received uint32 }

// A window remembers the sequence numbers of the 32 frames received last, to fill an ack's received field.
type window struct {
	last [32]uint32
	n    int // frames received, ever
}

// receive notes a frame and returns its acknowledgment. Bit N-M-1 stands for the earlier frame M: the text's
// "N-M bit" cannot hold M = N-32 otherwise, and Wireshark reads it so.
func (w *window) receive(sequence uint32) ack {
	a := ack{sequence: sequence}
	for i := range min(w.n, len(w.last)) {
		if back := sequence - w.last[i]; back >= 1 && back <= 32 {
			a.received |= 1 << (back - 1)
		}
	}
	w.last[w.n%len(w.last)] = sequence
	w.n++
	return a
}
