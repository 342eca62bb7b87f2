package config

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net"
	"strconv"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Sign writes the document and signs it, and its Kinds, as signer, who must be among its configuration-signers and
// kind-signers. The result has been read back: it is what others will see.
func (d *Document) Sign(signer *cert.Identity) (*Document, error) {
	if d.Sequence >= sequences {
		return nil, fmt.Errorf("sign a configuration document: sequence %d", d.Sequence)
	}
	if !contains(d.ConfigurationSigners, signer.NodeID()) || len(d.Kinds) > 0 && !contains(d.KindSigners, signer.NodeID()) {
		return nil, fmt.Errorf("sign a configuration document: %v is not among its signers", signer.NodeID())
	}
	w := &writer{signer: signer}
	w.configuration(d)
	if w.err != nil {
		return nil, fmt.Errorf("sign a configuration document: %w", w.err)
	}
	security, err := signer.SignBlob(w.Bytes())
	if err != nil {
		return nil, fmt.Errorf("sign a configuration document: %w", err)
	}
	raw := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<overlay xmlns=%q>\n%s\n<signature>%s</signature>\n</overlay>\n",
		nsBase, w.Bytes(), base64.StdEncoding.EncodeToString(security))
	return Parse([]byte(raw), d.InstanceName)
}

// writer writes XML; the first error stays.
type writer struct {
	bytes.Buffer
	signer *cert.Identity
	err    error
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a Buffer takes all
	return b.String()
}

func (w *writer) element(name, text string) {
	fmt.Fprintf(w, "<%s>%s</%s>\n", name, escaped(text), name)
}

func (w *writer) number(name string, n int) { w.element(name, strconv.Itoa(n)) }

func (w *writer) boolean(name string, b bool) { w.element(name, strconv.FormatBool(b)) }

// list writes an element for each.
func list[T any](w *writer, name string, values []T) {
	for _, v := range values {
		w.element(name, fmt.Sprint(v))
	}
}

func (w *writer) configuration(d *Document) {
	fmt.Fprintf(w, `<configuration xmlns="%s" xmlns:chord="%s" xmlns:redir="%s" instance-name="%s" sequence="%d"`,
		nsBase, nsChord, nsRedir, escaped(d.InstanceName), d.Sequence)
	if !d.Expiration.IsZero() {
		fmt.Fprintf(w, ` expiration="%s"`, d.Expiration.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	w.WriteString(">\n")
	w.element("topology-plugin", d.Topology)
	w.number("node-id-length", d.NodeIDLength)
	w.security(d)
	w.network(d)
	w.kinds(d)
	w.WriteString("</configuration>")
}

func (w *writer) security(d *Document) {
	for _, c := range d.Roots {
		w.element("root-cert", base64.StdEncoding.EncodeToString(c.Raw))
	}
	list(w, "enrollment-server", d.EnrollmentServers)
	switch d.SelfSigned {
	case wire.HashSHA1:
		w.WriteString("<self-signed-permitted digest=\"sha1\">true</self-signed-permitted>\n")
	case wire.HashSHA256:
		w.WriteString("<self-signed-permitted digest=\"sha256\">true</self-signed-permitted>\n")
	}
	if d.SharedSecret != "" {
		w.element("shared-secret", d.SharedSecret)
	}
	list(w, "configuration-signer", d.ConfigurationSigners)
	list(w, "kind-signer", d.KindSigners)
	list(w, "bad-node", d.BadNodes)
	list(w, "mandatory-extension", d.MandatoryExtensions)
	w.diagnostics(d)
}

func (w *writer) network(d *Document) {
	for _, b := range d.Bootstrap {
		host, port, err := net.SplitHostPort(b)
		if err != nil {
			w.err = fmt.Errorf("bootstrap node %q: %w", b, err)
			return
		}
		fmt.Fprintf(w, "<bootstrap-node address=\"%s\" port=\"%s\"/>\n", escaped(host), escaped(port))
	}
	w.number("turn-density", d.TURNDensity)
	w.boolean("clients-permitted", d.ClientsPermitted)
	w.boolean("no-ice", d.NoICE)
	list(w, "overlay-link-protocol", d.LinkProtocols)
	w.number("chord:chord-update-interval", int(d.UpdateInterval/time.Second))
	w.number("chord:chord-ping-interval", int(d.PingInterval/time.Second))
	w.boolean("chord:chord-reactive", d.Reactive)
	w.number("redir:branching-factor", d.BranchingFactor)
	w.number("max-message-size", d.MaxMessageSize)
	w.number("initial-ttl", int(d.InitialTTL))
	w.number("overlay-reliability-timer", int(d.ReliabilityTimer/time.Millisecond))
}

func (w *writer) kinds(d *Document) {
	if len(d.Kinds) == 0 {
		return
	}
	w.WriteString("<required-kinds>\n")
	for i := range d.Kinds {
		w.kindBlock(&d.Kinds[i])
	}
	w.WriteString("</required-kinds>\n")
}

// kindBlock signs the bytes of the kind element.
func (w *writer) kindBlock(k *Kind) {
	w.WriteString("<kind-block>\n")
	from := w.Len()
	w.kind(k)
	security, err := w.signer.SignBlob(w.Bytes()[from:])
	if err != nil {
		w.err = err
		return
	}
	w.WriteByte('\n')
	w.element("kind-signature", base64.StdEncoding.EncodeToString(security))
	w.WriteString("</kind-block>\n")
}

func (w *writer) kind(k *Kind) {
	if contains(registeredKinds, k.ID) {
		fmt.Fprintf(w, "<kind name=\"%s\">\n", k.ID)
	} else {
		fmt.Fprintf(w, "<kind id=\"%d\">\n", uint32(k.ID))
	}
	w.number("max-count", k.MaxCount)
	w.number("max-size", k.MaxSize)
	if k.MaxNodeMultiple > 0 {
		w.number("max-node-multiple", k.MaxNodeMultiple)
	}
	w.element("data-model", k.Model.String())
	w.element("access-control", k.Access)
	w.WriteString("</kind>")
}
