package overlay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

type answer struct {
	response peer.Response
	err      error
}

// request sends a request and waits for its answer.
func (n *Node) request(ctx context.Context, r peer.Request) (peer.Response, error) {
	answers := make(chan answer, 1)
	err := n.post(ctx, func(now time.Time) {
		n.core.Do(now, r, func(_ time.Time, response peer.Response, err error) { answers <- answer{response, err} })
	})
	if err != nil {
		return peer.Response{}, err
	}
	select {
	case a := <-answers:
		n.counts.ended(r.Body.Code(), resultOf(a.response, a.err))
		return a.response, publicError(a.err)
	case <-n.ctx.Done():
		return peer.Response{}, ErrClosed
	case <-ctx.Done():
		n.counts.ended(r.Body.Code(), "canceled")
		return peer.Response{}, context.Cause(ctx)
	}
}

// publicError says a core's error in this package's words.
func publicError(err error) error {
	switch {
	case errors.Is(err, peer.ErrTimeout):
		return ErrTimeout
	case errors.Is(err, peer.ErrLeft):
		return ErrClosed
	}
	return err
}

// Ping asks the node or the responsible peer at dest for a sign of life.
func (n *Node) Ping(ctx context.Context, dest []wire.Destination) (Pong, error) {
	begin := time.Now()
	response, err := n.request(ctx, peer.Request{Dest: dest, Body: &wire.PingReq{}})
	if err != nil {
		return Pong{}, fmt.Errorf("ping %v: %w", dest, err)
	}
	pong := Pong{From: response.From.NodeID, RTT: time.Since(begin)}
	if a, ok := response.Body.(*wire.PingAns); ok {
		pong.Time = a.Time.Time()
	}
	return pong, nil
}

// Leave hands the stored data over and says goodbye to the neighbors (RFC 6940 6.4.2.2). Close follows.
func (n *Node) Leave(ctx context.Context) error {
	left := make(chan struct{})
	if err := n.post(ctx, func(now time.Time) { n.core.Leave(now, func(time.Time) { close(left) }) }); err != nil {
		return err
	}
	select {
	case <-left:
		return nil
	case <-n.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
