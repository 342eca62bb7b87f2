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
	counter := func(d *prometheus.Desc, v uint64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
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
	gauge(descJoined, one(node.Joined))
	gauge(descLinks, float64(len(node.Links)))
	gauge(descNeighbors, float64(len(node.Predecessors)+len(node.Successors)))
	gauge(descStored, float64(node.Stored))
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
