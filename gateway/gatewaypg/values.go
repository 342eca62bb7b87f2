package gatewaypg

import (
	"strings"
	"time"
)

// instant is NULL for a time that has not come.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// small is NULL for a code that was never given.
func small(n int) *int16 {
	if n == 0 {
		return nil
	}
	v := int16(n)
	return &v
}

// value is what p points to; NULL is the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// nullable is NULL for an empty text.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// maxText bounds what a stranger can write into a record, in bytes.
const maxText = 256

// clean makes a stranger's text fit for a row: valid UTF-8 without NUL, and short.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
