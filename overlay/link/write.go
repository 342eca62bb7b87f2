package link

import (
	"fmt"
	"time"
)

// write sends acknowledgments and messages until the link ends or has drained.
func (l *Link) write() error {
	var sequence uint32
	var batch []byte
	for draining := false; ; {
		batch = batch[:0]
		select {
		case <-l.done:
			return ErrClosed
		case a := <-l.acks:
			batch = appendAck(batch, a)
		case m := <-l.out:
			batch = l.frame(batch, &sequence, m)
		case <-l.draining:
			draining = true
		}
		batch = l.gather(batch, &sequence)
		if draining && len(batch) == 0 {
			return l.farewell()
		}
		if err := l.flush(batch); err != nil {
			return fmt.Errorf("write: %w", err)
		}
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

// gather adds to a batch what else waits, so that it leaves in one TLS record.
func (l *Link) gather(batch []byte, sequence *uint32) []byte {
	for len(batch) < maxBatch {
		select {
		case a := <-l.acks:
			batch = appendAck(batch, a)
		case m := <-l.out:
			batch = l.frame(batch, sequence, m)
		default:
			return batch
		}
	}
	return batch
}

func (l *Link) frame(batch []byte, sequence *uint32, message []byte) []byte {
	l.outBytes.Add(-int64(len(message)))
	l.sentN.Add(1)
	l.due(*sequence, time.Now())
	batch = appendData(batch, *sequence, message)
	*sequence++
	return batch
}

func (l *Link) flush(batch []byte) error {
	if len(batch) == 0 {
		return nil
	}
	timeout := frameTimeout
	select {
	case <-l.draining:
		timeout = flushTimeout
	default:
	}
	l.conn.SetWriteDeadline(time.Now().Add(timeout))
	_, err := l.conn.Write(batch)
	return err
}
