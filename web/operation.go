package web

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tandem/voicemail"
	"tandem/web/account"
)

// A handler is one operation of the API, typed from end to end.
type handler[I, O any] func(ctx context.Context, in *I) (*O, error)

func get[I, O any](p *Portal, api huma.API, path, summary string, h handler[I, O]) {
	register(p, api, http.MethodGet, path, summary, h)
}

func post[I, O any](p *Portal, api huma.API, path, summary string, h handler[I, O]) {
	register(p, api, http.MethodPost, path, summary, h)
}

func put[I, O any](p *Portal, api huma.API, path, summary string, h handler[I, O]) {
	register(p, api, http.MethodPut, path, summary, h)
}

func patch[I, O any](p *Portal, api huma.API, path, summary string, h handler[I, O]) {
	register(p, api, http.MethodPatch, path, summary, h)
}

func remove[I, O any](p *Portal, api huma.API, path, summary string, h handler[I, O]) {
	register(p, api, http.MethodDelete, path, summary, h)
}

// register is the one place where requests are decoded and errors become answers.
func register[I, O any](p *Portal, api huma.API, method, path, summary string, h handler[I, O]) {
	op := huma.Operation{
		Method: method, Path: path, Summary: summary, OperationID: operationID(method, path),
		MaxBodyBytes: maxBody, Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity},
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, p.answer(ctx, err)
		}
		return out, nil
	})
}

var notWord = regexp.MustCompile(`[^a-z]+`)

func operationID(method, path string) string {
	return strings.ToLower(method) + notWord.ReplaceAllString(path, "-")
}

// answer says what a caller may know of err; the log learns the rest.
func (p *Portal) answer(ctx context.Context, err error) error {
	var invalid *account.InvalidError
	var throttled *account.ThrottledError
	var status huma.StatusError
	switch {
	case errors.As(err, &status):
		return err
	case errors.As(err, &invalid):
		return huma.Error422UnprocessableEntity("Something is not right: "+invalid.Error(),
			&huma.ErrorDetail{Location: "body." + invalid.Field, Message: invalid.Reason})
	case errors.As(err, &throttled):
		seconds := strconv.Itoa(int(throttled.RetryAfter.Seconds()) + 1)
		return huma.ErrorWithHeaders(huma.Error429TooManyRequests("Too many wrong passwords. Try again in "+seconds+" seconds."),
			http.Header{"Retry-After": {seconds}})
	case errors.Is(err, account.ErrRefused):
		return huma.Error401Unauthorized("The address or the password is wrong.")
	case errors.Is(err, account.ErrNotFound), errors.Is(err, voicemail.ErrNotFound):
		return huma.Error404NotFound("There is no such thing.")
	case errors.Is(err, account.ErrExists):
		return huma.Error409Conflict("There is a user with this address already.")
	case errors.Is(err, account.ErrLastAdmin):
		return huma.Error409Conflict("This is the last administrator: make another one first.")
	case ctx.Err() != nil:
		return huma.NewError(499, "The client has gone.")
	case databaseAway(err):
		p.log.ErrorContext(ctx, "database does not answer", "request_id", requestID(ctx), "err", err)
		return huma.Error503ServiceUnavailable(noDatabase)
	}
	p.log.ErrorContext(ctx, "request failed", "request_id", requestID(ctx), "err", err)
	return huma.Error500InternalServerError("Something went wrong here. The log has it under " + requestID(ctx) + ".")
}

// problem answers outside of the typed operations, in the form that they use (RFC 9457).
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	body := &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}
	_ = huma.DefaultJSONFormat.Marshal(w, body) // the client has gone: nobody to tell
}

func (p *Portal) noSuchThing(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusNotFound, "There is no such thing.")
}

func (p *Portal) noSuchMethod(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusMethodNotAllowed, "This cannot be done here.")
}

// refuse answers a plain handler's error as a typed operation would.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var status huma.StatusError
	if errors.As(p.answer(r.Context(), err), &status) {
		problem(w, status.GetStatus(), status.Error())
	}
}
