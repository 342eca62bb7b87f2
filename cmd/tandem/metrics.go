package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tandem/gateway"
	"tandem/gateway/media"
	"tandem/overlay"
	"tandem/overlay/wire"
)

// What /metrics shows, besides what the Go runtime and the process say of themselves.
var (
	descCalls     = desc("calls", "Calls that are up.")
	descDraining  = desc("draining", "1 while no new calls are taken.")
	descTrunkUp   = desc("trunk_up", "1 when calls can go out through the trunk.", "trunk")
	descTrunkBusy = desc("trunk_calls", "Calls that are up through the trunk.", "trunk")
	descSessions  = desc("media_sessions", "Media sessions that are open.")
	descReceived  = desc("media_received_packets_total", "RTP packets received.")
	descSent      = desc("media_sent_packets_total", "RTP packets sent.")
	descStrays    = desc("media_stray_packets_total", "Packets at media ports that were nobody's.")
	descJoined    = desc("overlay_joined", "1 while this node is part of the ring.")
	descLinks     = desc("overlay_links", "Links to other nodes.")
	descNeighbors = desc("overlay_neighbors", "Predecessors and successors.")
	descFingers   = desc("overlay_fingers", "Peers in the finger table.")
	descWaiting   = desc("overlay_requests_waiting", "Own requests that wait for their answers.")
	descSequence  = desc("overlay_configuration_sequence", "Sequence number of the configuration document in force.")
	descNotAfter  = desc("overlay_certificate_end_seconds", "When this node's certificate ends, in seconds since 1970.")
	descMessages  = desc("overlay_messages_total", "Messages on the links, forwarded ones included.", "direction", "message")
	descBytes     = desc("overlay_message_bytes_total", "Bytes of these messages, without framing and TLS.", "direction", "message")
	descOutcomes  = desc("overlay_requests_total", "Own requests by how they ended.", "message", "result")
	descLookups   = desc("overlay_lookups_total", "Values looked for, by how that ended.", "result")
	descForged    = desc("overlay_signature_failures_total", "Messages dropped, and stored values refused or left out, for their signatures.", "of", "message")
	descDropped   = desc("overlay_dropped_messages_total", "Messages that found a full queue, or were too large to send.")
	descGarbled   = desc("overlay_garbled_messages_total", "What members of the overlay sent that is no message.")
	descStored    = desc("overlay_stored_values", "Values held for the overlay, replicas included.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tandem_"+name, help, labels, nil)
}

// metrics reads the parts' own counts when it is asked.
type metrics struct {
	gateway *gateway.Gateway
	engine  *media.Engine
	node    *overlay.Node
}

// Describe says nothing: what there is depends on the trunks.
func (m metrics) Describe(chan<- *prometheus.Desc) {}

// Collect reads everything anew.
func (m metrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	status := m.gateway.Status()
	gauge(descCalls, float64(len(status.Calls)))
	gauge(descDraining, one(status.Draining))
	for _, t := range status.Trunks {
		gauge(descTrunkUp, one(t.Up), t.Name)
		gauge(descTrunkBusy, float64(t.Calls), t.Name)
	}
	audio := m.engine.Stats()
	gauge(descSessions, float64(audio.Sessions))
	counter(descReceived, audio.Received)
	counter(descSent, audio.Sent)
	counter(descStrays, audio.Strays)

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	node, err := m.node.Status(ctx)
	if err != nil {
		return // closed: there is nothing to say of the overlay
	}
	collectOverlay(node, gauge, counter)
}

// lookupResults are shown even while they are 0, so that a rate has something to begin with.
var lookupResults = []string{"ok", "nothing", "refused", "timeout", "canceled", "failed"}

func collectOverlay(node overlay.Status, gauge func(*prometheus.Desc, float64, ...string), counter func(*prometheus.Desc, uint64, ...string)) {
	gauge(descJoined, one(node.Joined))
	gauge(descLinks, float64(len(node.Links)))
	gauge(descNeighbors, float64(len(node.Predecessors)+len(node.Successors)))
	gauge(descFingers, float64(len(node.Fingers)))
	gauge(descStored, float64(node.Stored))
	gauge(descWaiting, float64(node.Requests))
	gauge(descSequence, float64(node.Sequence))
	gauge(descNotAfter, float64(node.CertificateEnds.Unix()))
	counter(descDropped, node.Dropped)
	counter(descGarbled, node.Garbled)
	for _, t := range node.Traffic {
		counter(descMessages, t.Sent, "sent", t.Message)
		counter(descBytes, t.SentBytes, "sent", t.Message)
		counter(descMessages, t.Received, "received", t.Message)
		counter(descBytes, t.ReceivedBytes, "received", t.Message)
		counter(descForged, t.SignatureFailed, "message", t.Message)
		counter(descForged, t.ValuesUnverified, "value", t.Message)
	}
	lookups := make(map[string]uint64)
	for _, o := range node.Outcomes {
		counter(descOutcomes, o.Count, o.Message, o.Result)
		if o.Message == wire.CodeFetchReq.String() {
			lookups[o.Result] = o.Count
		}
	}
	for _, result := range lookupResults {
		counter(descLookups, lookups[result], result)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// handler serves the metrics from a registry of their own.
func (m metrics) handler() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
