package link

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Types of FramedMessage (6.6.2).
const (
	frameData = 0x80
	frameAck  = 0x81
)

const (
	dataHeaderLen = 1 + 4 + 3
	ackLen        = 1 + 4 + 4
)

// errFrame says that the bytes are not frames. Nothing after them can be understood.
var errFrame = errors.New("not a RELOAD frame")

// A frame is what a FramedMessage says.
type frame struct {
	typ      byte
	sequence uint32 // of data, or that is acknowledged
	received uint32 // ack: which of the 32 before sequence have arrived
	message  []byte // data
}

// tooLargeError says that a message exceeds the limit. Head holds its first bytes, limit of them at most.
type tooLargeError struct {
	size, limit int
	head        []byte
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("message of %d bytes exceeds max-message-size %d", e.size, e.limit)
}

// readFrame reads one frame whose message is at most limit bytes. started, if not nil, is called once the first byte
// of the frame is there. The error is io.EOF only at the border between two frames.
func readFrame(r *bufio.Reader, limit int, started func()) (frame, error) {
	typ, err := r.ReadByte()
	if err != nil {
		return frame{}, err
	}
	if started != nil {
		started()
	}
	switch typ {
	case frameData:
		return readData(r, limit)
	case frameAck:
		return readAck(r)
	}
	return frame{}, fmt.Errorf("%w: type %#02x", errFrame, typ)
}

func readData(r *bufio.Reader, limit int) (frame, error) {
	var h [dataHeaderLen - 1]byte
	if err := readFull(r, h[:]); err != nil {
		return frame{}, err
	}
	f := frame{typ: frameData, sequence: binary.BigEndian.Uint32(h[:])}
	size := int(h[4])<<16 | int(h[5])<<8 | int(h[6])
	if size > limit {
		return f, tooLarge(r, size, limit)
	}
	f.message = make([]byte, size)
	return f, readFull(r, f.message)
}

// tooLarge reads as much of an oversized message as may hold its forwarding header.
func tooLarge(r *bufio.Reader, size, limit int) error {
	head := make([]byte, limit)
	if err := readFull(r, head); err != nil {
		return err
	}
	return &tooLargeError{size, limit, head}
}

func readAck(r *bufio.Reader) (frame, error) {
	var b [ackLen - 1]byte
	err := readFull(r, b[:])
	return frame{typ: frameAck, sequence: binary.BigEndian.Uint32(b[:]), received: binary.BigEndian.Uint32(b[4:])}, err
}

// readFull reads the rest of a frame, in which an end of file comes too early.
func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func appendData(b []byte, sequence uint32, message []byte) []byte {
	b = append(b, frameData)
	b = binary.BigEndian.AppendUint32(b, sequence)
	n := len(message)
	b = append(b, byte(n>>16), byte(n>>8), byte(n))
	return append(b, message...)
}

func appendAck(b []byte, a ack) []byte {
	b = append(b, frameAck)
	b = binary.BigEndian.AppendUint32(b, a.sequence)
	return binary.BigEndian.AppendUint32(b, a.received)
}
