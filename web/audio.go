package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tandem/voicemail"
)

// audioTime is how long a browser may take for one answer; a player that pauses longer asks again, with a range.
const audioTime = 5 * time.Minute

// audio answers with a message as a WAV file, or with the ranges of it that are asked for. It changes nothing:
// a message is heard when the page says so.
func (p *Portal) audio(w http.ResponseWriter, r *http.Request) {
	id, err := uuid.Parse(chi.URLParam(r, "id"))
	if err != nil {
		p.refuse(w, r, voicemail.ErrNotFound)
		return
	}
	m, err := p.own(r.Context(), id)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	recorded, err := p.cfg.Messages.Audio(r.Context(), m.Mailbox, id)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(audioTime)) // not supported: the server's own holds
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", fmt.Sprintf(`"%s-%d"`, m.ID, recorded.Bytes))
	h.Set("Content-Disposition", fmt.Sprintf(`%s; filename="message-%s.wav"`, disposition(r), m.Created.UTC().Format("20060102-150405")))
	http.ServeContent(w, r, "", m.Created, recorded.WAV())
}

func disposition(r *http.Request) string {
	if r.URL.Query().Has("download") {
		return "attachment"
	}
	return "inline"
}
