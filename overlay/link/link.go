package link

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// giveUp is how long a silent link is kept to see whether the failure was transient (6.6.5).
	giveUp = 30 * time.Second

	// frameTimeout is the time a frame may take from its first byte to its last, in either direction.
	frameTimeout = 30 * time.Second

	// flushTimeout is how long a link that is being closed may take to send what is queued.
	flushTimeout = time.Second

	inboxLen   = 64
	queueLen   = 512
	queueBytes = 4 << 20
)

// Why a link ended or a message was not sent.
var (
	ErrClosed    = errors.New("link is closed")
	ErrQueueFull = errors.New("link's send queue is full")
	ErrSilent    = errors.New("link acknowledges nothing")
	ErrTooLarge  = errors.New("message too large")
)

// Events is what a Link tells its owner, from its own goroutines. All are required and may block, which holds the
// far side back by TCP's flow control.
type Events struct {
	// Message came in. The bytes are the receiver's.
	Message func(l *Link, message []byte)

	// Silent is called when Stats.Silent has changed: an acknowledgment is overdue, or they have resumed.
	Silent func(l *Link)

	// TooLarge came a message above the limit, of which head is the beginning. What Send is given during the call
	// is still sent; then the link closes (6.6).
	TooLarge func(l *Link, head []byte)
}

// A Link is one RELOAD link over an authenticated connection.
type Link struct {
	conn   net.Conn
	events Events
	limit  atomic.Int64

	done     chan struct{} // closed first thing when the link ends
	ending   sync.Once
	cause    error // set before done closes
	draining chan struct{}
	drain    sync.Once
	drained  error // set before draining closes

	out      chan []byte // full: the newest message is refused
	outBytes atomic.Int64
	acks     chan ack      // full: the reader waits
	inbox    chan []byte   // full: the reader waits, then TCP holds the far side back
	kick     chan struct{} // wakes watch when something became due

	sentN, receivedN, dropped atomic.Uint64

	mu       sync.Mutex // guards what follows
	rtt      rtt
	unacked  unacked
	silent   bool
	silentAt time.Time
}

// New makes a Link over conn, whose TLS handshake is done. limit is the overlay's max-message-size in bytes. The
// link does nothing until Run.
func New(conn net.Conn, limit int, events Events) *Link {
	l := &Link{
		conn: conn, events: events,
		done: make(chan struct{}), draining: make(chan struct{}),
		out: make(chan []byte, queueLen), acks: make(chan ack, 64), inbox: make(chan []byte, inboxLen), kick: make(chan struct{}, 1),
	}
	l.SetLimit(limit)
	return l
}

// SetLimit changes the largest message accepted, in bytes.
func (l *Link) SetLimit(n int) { l.limit.Store(int64(n)) }

// RemoteAddr is the address of the far side.
func (l *Link) RemoteAddr() net.Addr { return l.conn.RemoteAddr() }

// LocalAddr is the address of this side.
func (l *Link) LocalAddr() net.Addr { return l.conn.LocalAddr() }

// Run carries messages until the link ends and says why. It returns when the link's goroutines have ended.
func (l *Link) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { l.end(context.Cause(ctx)) })
	defer stop()
	wg.Go(func() { l.end(l.write()) })
	wg.Go(l.deliver)
	wg.Go(l.watch)
	l.finish(l.read())
	wg.Wait()
	return l.cause
}

// finish ends the link after reading has: at once, or after sending the refusal of an oversized message. What the
// far side still sends is thrown away meanwhile: closing a socket with unread data destroys what is on its way.
func (l *Link) finish(err error) {
	var big *tooLargeError
	if errors.As(err, &big) {
		l.events.TooLarge(l, big.head)
		l.Drain(fmt.Errorf("%w: %w", ErrTooLarge, big))
		_ = l.conn.SetReadDeadline(time.Now().Add(flushTimeout))
		_, _ = io.Copy(io.Discard, l.conn)
		<-l.done
	}
	l.end(err)
}

// Send queues a message and never blocks. When more than 512 messages or 4 MiB wait the message is refused with
// ErrQueueFull and counted: end-to-end retransmission makes up for it (6.6).
func (l *Link) Send(message []byte) error {
	select {
	case <-l.done:
		return ErrClosed
	default:
	}
	if message == nil {
		message = []byte{}
	}
	if l.outBytes.Add(int64(len(message))) > queueBytes {
		return l.refuse(message)
	}
	select {
	case l.out <- message:
		return nil
	default:
		return l.refuse(message)
	}
}

func (l *Link) refuse(message []byte) error {
	l.outBytes.Add(-int64(len(message)))
	l.dropped.Add(1)
	return ErrQueueFull
}

// Close ends the link now. Run then returns ErrClosed, unless it had another reason before.
func (l *Link) Close() { l.end(ErrClosed) }

// Drain ends the link once what is queued has been sent, within a second, and gives cause as the reason.
func (l *Link) Drain(cause error) {
	l.drain.Do(func() {
		l.drained = cause
		close(l.draining)
		_ = l.conn.SetWriteDeadline(time.Now().Add(flushTimeout))
	})
}

// Done is closed when the link has ended.
func (l *Link) Done() <-chan struct{} { return l.done }

func (l *Link) end(cause error) {
	l.ending.Do(func() {
		l.cause = cause
		close(l.done)
		_ = l.conn.SetDeadline(time.Now().Add(flushTimeout)) // TLS's close_notify must not block
		l.conn.Close()
	})
}

// Stats are a link's numbers.
type Stats struct {
	RTT, RTO                time.Duration // smoothed round trip, 0 before the first; timeout
	Silent                  bool
	Sent, Received, Dropped uint64 // messages
}

// Stats returns the numbers so far.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{
		RTT: l.rtt.smoothed, RTO: l.rtt.rto(), Silent: l.silent,
		Sent: l.sentN.Load(), Received: l.receivedN.Load(), Dropped: l.dropped.Load(),
	}
}

func (l *Link) read() error {
	defer close(l.inbox)
	r := bufio.NewReader(l.conn)
	var w window
	started := func() { _ = l.conn.SetReadDeadline(time.Now().Add(frameTimeout)) }
	for {
		f, err := readFrame(r, int(l.limit.Load()), started)
		if err != nil {
			return l.readError(err)
		}
		if r.Buffered() == 0 {
			_ = l.conn.SetReadDeadline(time.Time{})
		}
		if f.typ == frameAck {
			l.acknowledge(ack{f.sequence, f.received}, time.Now())
			continue
		}
		acknowledged := l.queueAck(w.receive(f.sequence))
		l.receivedN.Add(1)
		if !l.hand(f.message) || !acknowledged {
			return ErrClosed
		}
	}
}

// hand leaves a message for deliver. One that came before the end of the link is handed over after it, too, if there is room.
func (l *Link) hand(message []byte) bool {
	select {
	case l.inbox <- message:
		return true
	default:
	}
	select {
	case l.inbox <- message:
		return true
	case <-l.done:
		return false
	}
}

// deliver hands messages to the owner. It is not the reader's business, so that an owner who is busy for a moment does
// not delay acknowledgments and make the link look silent. What came before the end of the link is still handed over.
func (l *Link) deliver() {
	for m := range l.inbox {
		l.events.Message(l, m)
	}
}

func (l *Link) readError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("closed by the far side: %w", err)
	}
	return fmt.Errorf("read: %w", err)
}

// queueAck leaves an acknowledgment for the writer, who may be waiting for a far side that does not read.
func (l *Link) queueAck(a ack) bool {
	select {
	case l.acks <- a:
		return true
	case <-l.done:
		return false
	}
}
