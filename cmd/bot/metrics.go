package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"handrail/store"
)

// serveMetrics serves /metrics, /healthz and /readyz. The address should be loopback or a private network: there is no
// authentication.
func (p *parts) serveMetrics(ctx context.Context) error {
	if p.metrics == "" {
		<-ctx.Done()
		return nil
	}
	return serveHTTP(ctx, p.metrics, p.metricsHandler())
}

func (p *parts) metricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&backlogCollector{db: p.db}, auditCollector{p.keeper}, p.alarms)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := p.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux
}

// ready says why the bot cannot do its work now, or nil.
func (p *parts) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := p.db.Backlog(ctx, time.Now()); err != nil {
		return err
	}
	return p.bot.Health()
}

// backlogCollector asks the store whenever somebody asks for metrics.
type backlogCollector struct{ db *store.DB }

var (
	dueDesc      = prometheus.NewDesc("handrail_executions_due", "Executions whose next attempt has come and that nobody works on.", nil, nil)
	oldestDesc   = prometheus.NewDesc("handrail_executions_due_oldest_seconds", "How long the oldest due execution has waited.", nil, nil)
	announceDesc = prometheus.NewDesc("handrail_announcements_due", "Executions whose card is behind.", nil, nil)
	parkedDesc   = prometheus.NewDesc("handrail_executions_parked", "Executions set aside for an operator.", nil, nil)
	stolenDesc   = prometheus.NewDesc("handrail_leases_stolen_total", "Expired leases of other replicas taken over.", nil, nil)
)

// Describe names the metrics.
func (c *backlogCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{dueDesc, oldestDesc, announceDesc, parkedDesc, stolenDesc} {
		ch <- d
	}
}

// Collect reads them.
func (c *backlogCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now := time.Now()
	b, err := c.db.Backlog(ctx, now)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(dueDesc, err)
		return
	}
	oldest := 0.0
	if !b.Oldest.IsZero() {
		oldest = now.Sub(b.Oldest).Seconds()
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(dueDesc, float64(b.Due))
	gauge(oldestDesc, oldest)
	gauge(announceDesc, float64(b.Announce))
	gauge(parkedDesc, float64(b.Parked))
	ch <- prometheus.MustNewConstMetric(stolenDesc, prometheus.CounterValue, float64(b.Stolen))
}
