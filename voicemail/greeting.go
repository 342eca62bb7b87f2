package voicemail

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
)

// greeting gives what a caller hears before the beep, in parts that are played one after the other. Without the
// database, callers hear the stock greeting.
func (d *deposit) greeting(ctx context.Context, v *voice) []call.Source {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	kinds := []GreetingKind{Temporary, Unavailable}
	if d.reason == call.Busy {
		kinds = []GreetingKind{Temporary, Busy}
	}
	for _, k := range kinds {
		if src := d.recorded(ctx, k); src != nil {
			return []call.Source{src}
		}
	}
	return d.stock(ctx, v)
}

// recorded gives a greeting of the owner's, nil if there is none.
func (d *deposit) recorded(ctx context.Context, k GreetingKind) call.Source {
	g, err := d.cfg.Store.Greeting(ctx, d.box.AoR, k)
	if err != nil {
		if !errors.Is(err, ErrNotFound) {
			d.log.Error("cannot read greeting", "aor", d.box.AoR, "kind", k, "err", err)
		}
		return nil
	}
	return prompt.Frames(g.Codec, bytes.NewReader(g.Audio))
}

// stock says "(name) is unavailable", "the person at extension 1 2 is unavailable", or that nobody is available.
func (d *deposit) stock(ctx context.Context, v *voice) []call.Source {
	state := "vm-isunavail"
	if d.reason == call.Busy {
		state = "vm-isonphone"
	}
	user, _, _ := strings.Cut(d.box.AoR, "@")
	if name := d.recorded(ctx, Name); name != nil {
		return []call.Source{name, v.source(state, "vm-intro")}
	}
	if user == "" || strings.Trim(user, "0123456789") != "" {
		return []call.Source{v.source("vm-nobodyavail", "vm-intro")}
	}
	names := append([]string{"vm-theperson"}, v.pack.Spell(user)...)
	return []call.Source{v.source(append(names, state, "vm-intro")...)}
}
