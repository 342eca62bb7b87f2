package prompt

import "sync"

// packs keeps the packs that were asked for. A tag comes from configuration or a user's settings, so their number is
// bounded: beyond it a pack is made for each asking.
type packs struct {
	mu    sync.Mutex
	byTag map[string]*Pack
}

const maxPacks = 64

func (p *packs) get(tag string, build func() *Pack) *Pack {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pack := p.byTag[tag]; pack != nil {
		return pack
	}
	pack := build()
	if p.byTag == nil {
		p.byTag = make(map[string]*Pack)
	}
	if len(p.byTag) < maxPacks {
		p.byTag[tag] = pack
	}
	return pack
}
