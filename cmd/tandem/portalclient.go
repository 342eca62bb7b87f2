package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A portalClient is a browser's part of the portal for the demo: it signs in and listens.
type portalClient struct {
	base string
	http http.Client
}

func signIn(ctx context.Context, base, address, password string) (*portalClient, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	p := &portalClient{base: base, http: http.Client{Jar: jar, Timeout: 10 * time.Second}}
	body, err := json.Marshal(map[string]string{"address": address, "password": password})
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	if err := p.do(ctx, http.MethodPost, "/api/session", body, nil); err != nil {
		return nil, fmt.Errorf("sign in as %s: %w", address, err)
	}
	return p, nil
}

// do sends a request and decodes the answer into out, when that is not nil.
func (p *portalClient) do(ctx context.Context, method, path string, body []byte, out any) error {
	answer, err := p.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(answer).Decode(out)
}

func (p *portalClient) send(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return res.Body, nil
}

// firstMessage waits until a message from caller is complete and gives its audio.
func (p *portalClient) firstMessage(ctx context.Context, caller string) ([]int16, error) {
	for {
		var list struct {
			Messages []struct {
				Caller string `json:"caller"`
				Audio  string `json:"audio"`
			} `json:"messages"`
		}
		if err := p.do(ctx, http.MethodGet, "/api/messages", nil, &list); err != nil {
			return nil, err
		}
		for _, m := range list.Messages {
			if m.Caller == caller {
				return p.audio(ctx, m.Audio)
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("no message from %s in the mailbox: %w", caller, context.Cause(ctx))
		}
	}
}

func (p *portalClient) audio(ctx context.Context, path string) ([]int16, error) {
	body, err := p.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	wav, err := codec.ReadWAV(body)
	if err != nil {
		return nil, err
	}
	var pcm []int16
	var frame call.PCM
	for {
		switch err := wav.ReadFrame(&frame); {
		case errors.Is(err, io.EOF):
			return pcm, nil
		case err != nil:
			return nil, fmt.Errorf("read the message: %w", err)
		}
		pcm = append(pcm, frame[:]...)
	}
}
