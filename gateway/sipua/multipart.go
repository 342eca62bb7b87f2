package sipua

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// sdpPart finds the session description in a multipart body (RFC 5621).
func sdpPart(contentType string, body []byte) (sdp []byte, ok bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, false
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range 10 {
		part, err := r.NextRawPart()
		if err != nil {
			return nil, false
		}
		kind, _, _ := strings.Cut(strings.ToLower(part.Header.Get("Content-Type")), ";")
		if strings.TrimSpace(kind) == "application/sdp" {
			sdp, err = io.ReadAll(io.LimitReader(part, maxBody))
			return sdp, err == nil
		}
	}
	return nil, false
}
