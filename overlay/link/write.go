package link

import (
	"fmt"
	"time"
)

// write sends acknowledgments and messages until the link ends or has drained. Each frame is a TLS record of its own:
// Wireshark reads only the first frame in a record, and what can be read can be debugged.
func (l *Link) write() error {
	var sequence uint32
	var buf []byte
	for draining := false; ; {
		a, m, ok := l.next(&draining)
		switch {
		case !ok && draining:
			return l.farewell()
		case !ok:
			return ErrClosed
		case m == nil:
			buf = appendAck(buf[:0], a)
		default:
			l.outBytes.Add(-int64(len(m)))
			l.sentN.Add(1)
			l.due(sequence, time.Now())
			buf = appendData(buf[:0], sequence, m)
			sequence++
		}
		if err := l.flush(buf); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}

// next waits for an acknowledgment or a message (m not nil) to send; ok is false when the link has ended, or when it is
// draining and nothing is left.
func (l *Link) next(draining *bool) (a ack, m []byte, ok bool) {
	if !*draining {
		select {
		case <-l.done:
			return a, nil, false
		case a = <-l.acks:
			return a, nil, true
		case m = <-l.out:
			return a, m, true
		case <-l.draining:
			*draining = true
		}
	}
	select {
	case a = <-l.acks:
		return a, nil, true
	case m = <-l.out:
		return a, m, true
	default:
		return a, nil, false
	}
}

// farewell tells the far side that no more comes and gives it a moment to close first.
func (l *Link) farewell() error {
	if c, ok := l.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		select {
		case <-l.done:
		case <-time.After(flushTimeout):
		}
	}
	return l.drained
}

func (l *Link) flush(frame []byte) error {
	timeout := frameTimeout
	select {
	case <-l.draining:
		timeout = flushTimeout
	default:
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(timeout))
	_, err := l.conn.Write(frame)
	return err
}
