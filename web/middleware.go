package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

type contextKey int

const (
	keyRequest contextKey = iota
	keyUser
)

// name gives each request an id, which the answer and the log carry.
func (p *Portal) name(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyRequest, request{id, r.RemoteAddr})))
	})
}

// A request as the log knows it.
type request struct{ id, remote string }

func requestID(ctx context.Context) string { return requestOf(ctx).id }

func requestOf(ctx context.Context) request {
	r, _ := ctx.Value(keyRequest).(request)
	return r
}

// logged writes a line for each request. The query is left out: it is nobody's business.
func (p *Portal) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, ww := time.Now(), middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			p.log.DebugContext(r.Context(), "request", "request_id", requestID(r.Context()), "method", r.Method, "path", r.URL.Path,
				"status", ww.Status(), "bytes", ww.BytesWritten(), "duration", time.Since(start), "remote", r.RemoteAddr)
		}()
		next.ServeHTTP(ww, r)
	})
}

// recovered keeps a broken invariant in one handler from ending the calls that this process carries.
func (p *Portal) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			if v != nil {
				p.log.ErrorContext(r.Context(), "panic", "request_id", requestID(r.Context()), "path", r.URL.Path, "err", v, "stack", string(debug.Stack()))
				problem(w, http.StatusInternalServerError, "Something went wrong here. The log has it under "+requestID(r.Context())+".")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// protected sets what every answer carries. Pages replace the content policy by their own.
func (p *Portal) protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if p.cfg.TLS {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// limited bounds the body of a request. The typed operations answer 413 a little earlier.
func limited(next http.Handler) http.Handler { return http.MaxBytesHandler(next, maxBody+1) }

// sameOrigin refuses requests that change something and come from another site's page.
func sameOrigin() func(http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusForbidden, "This request came from another site.")
	}))
	return protection.Handler
}
