package sipua

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

var (
	errMalformed = errors.New("malformed message")
	errFraming   = errors.New("no certain end of message on the stream")
)

// readMessage reads one message from a stream (RFC 3261 §18.3). Bytes and a nil error are a whole message; bytes and
// errFraming are the head of one whose end is not known: nothing that follows on the stream can be trusted (a
// smuggled request behind two Content-Length fields). ping is called for each keep-alive (RFC 5626 §3.5.1).
func readMessage(r *bufio.Reader, ping func(), started func()) ([]byte, error) {
	if err := skipKeepAlive(r, ping); err != nil {
		return nil, err
	}
	started()
	head, err := readHead(r)
	if err != nil {
		return head, err
	}
	n, err := contentLength(head)
	if err != nil {
		return head, err
	}
	msg := make([]byte, len(head)+n)
	copy(msg, head)
	_, err = io.ReadFull(r, msg[len(head):])
	return msg, err
}

// skipKeepAlive passes over CRLFs before a start line; two of them in a row are a ping.
func skipKeepAlive(r *bufio.Reader, ping func()) error {
	for crlf := 0; ; {
		c, err := r.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case '\r':
		case '\n':
			if crlf++; crlf%2 == 0 {
				ping()
			}
		default:
			return r.UnreadByte()
		}
	}
}

func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(head) <= maxHead:
			continue
		case len(head) > maxHead:
			return head, errFraming
		case err != nil:
			return head, err
		case bytes.HasSuffix(head, []byte("\r\n\r\n")):
			return head, nil
		case bytes.HasSuffix(head, []byte("\n\n")):
			return head, errFraming
		}
	}
}

// contentLength finds the one Content-Length that a message on a stream must have (§18.3).
func contentLength(head []byte) (int, error) {
	found := -1
	for line := range strings.SplitSeq(string(head), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || longName(strings.TrimSpace(name)) != "content-length" {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil || found >= 0 || n > maxBody {
			return 0, errFraming
		}
		found = int(n)
	}
	if found < 0 {
		return 0, errFraming
	}
	return found, nil
}
