package attendant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"
)

// maxDocument is the longest document, in bytes.
const maxDocument = 64 << 10

// Parse reads a menu document, JSON or YAML. It refuses what it does not know, so that a misspelt field is not a
// silent default. Validate says whether the menu makes sense.
func Parse(document []byte) (Menu, error) {
	if len(document) > maxDocument {
		return Menu{}, fmt.Errorf("menu document: longer than %d bytes", maxDocument)
	}
	d := yaml.NewDecoder(bytes.NewReader(document)) // JSON is YAML
	d.KnownFields(true)
	var m Menu
	if err := d.Decode(&m); err != nil {
		return Menu{}, fmt.Errorf("menu document: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Menu{}, errors.New("menu document: there is a second document behind the first")
	}
	return m, nil
}

// UnmarshalYAML takes a list of pieces, or one.
func (p *Prompt) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}
	}
	pieces := make(Prompt, len(n.Content))
	for i, c := range n.Content {
		if err := pieces[i].decode(c); err != nil {
			return err
		}
	}
	*p = pieces
	return nil
}

func (p *Piece) decode(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&p.Sound)
	}
	var f map[string]string
	if err := n.Decode(&f); err != nil {
		return err
	}
	for key, value := range f {
		switch key {
		case "sound":
			p.Sound = value
		case "spell":
			p.Spell = value
		case "text":
			p.Text = value
		case "audio":
			id, err := uuid.Parse(value)
			if err != nil {
				return fmt.Errorf("line %d: audio %q: %w", n.Line, value, err)
			}
			p.Audio = id
		default:
			return fmt.Errorf("line %d: field %s is not known in a prompt", n.Line, key)
		}
	}
	return nil
}

// MarshalJSON writes a piece that is only a sound as a string.
func (p Piece) MarshalJSON() ([]byte, error) {
	if p.Sound != "" {
		return json.Marshal(p.Sound)
	}
	type plain Piece
	return json.Marshal(plain(p))
}

// UnmarshalJSON reads a menu as Parse does.
func (m *Menu) UnmarshalJSON(b []byte) (err error) {
	*m, err = Parse(b)
	return err
}
