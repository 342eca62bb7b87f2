package wire

import "fmt"

// MinFragment is the least number of payload bytes that a fragment holds (§6.7).
const MinFragment = 256

// MarshalFragments encodes the message, which may be a fragment itself, in pieces of at most size bytes, as equal as can
// be (§6.7). It is one piece if it fits, if size is not positive, and if lists and MinFragment bytes do not fit into size:
// then the layers below have to divide it.
func (m *Message) MarshalFragments(size int) ([][]byte, error) {
	payload := len(m.Contents) + len(m.Security)
	header, err := m.Header.marshal(payload)
	if err != nil {
		return nil, err
	}
	n := pieces(payload, size-len(header))
	if n == 1 {
		return [][]byte{append(append(header, m.Contents...), m.Security...)}, nil
	}
	all := append(append(make([]byte, 0, payload), m.Contents...), m.Security...)
	out := make([][]byte, n)
	for i := range out {
		from, to := payload*i/n, payload*(i+1)/n
		h := m.Header
		h.Fragment.Offset += uint32(from)
		h.Fragment.Last = h.Fragment.Last && i == n-1
		if header, err = h.marshal(to - from); err != nil {
			return nil, fmt.Errorf("fragment: %w", err)
		}
		out[i] = append(header, all[from:to]...)
	}
	return out, nil
}

// pieces is how many pieces of at most room bytes make up payload, none of them too small. 1: not to be divided.
func pieces(payload, room int) int {
	if room < MinFragment || payload <= room {
		return 1
	}
	n := (payload + room - 1) / room
	if payload/n < MinFragment {
		return 1
	}
	return n
}

// Reassembled is the whole message whose payload was put together from fragments with this header (§6.7).
func Reassembled(h ForwardingHeader, payload []byte) *Message {
	h.Fragment = Whole
	m := &Message{Header: h}
	m.setPayload(payload)
	return m
}
