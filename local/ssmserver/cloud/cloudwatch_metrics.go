package cloud

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func metricOperations() []operation {
	return []operation{
		{name: "cloudwatch.GetMetricStatistics", run: getMetricStatistics,
			note: "of what PutMetricData gave, and nothing else: no service writes metrics here; no percentiles"},
		{name: "cloudwatch.PutMetricData", run: putMetricData, note: "the newest 1,000 values of 500 metrics; Values and Counts too"},
	}
}

// sample is a value of a metric, or several that came together.
type sample struct {
	at                    time.Time
	count, sum, low, high float64
	unit                  string
}

type metric struct{ samples []sample }

// maxSamples bounds the values of one metric.
const maxSamples = 1_000

// metricKey is namespace, name and dimensions in one order.
func metricKey(namespace, name string, dimensions []params) string {
	parts := []string{namespace, name}
	var pairs []string
	for _, d := range dimensions {
		pairs = append(pairs, d.text("Name")+"\x00"+d.text("Value"))
	}
	slices.Sort(pairs)
	return strings.Join(append(parts, pairs...), "\x00")
}

// samplesOf are the values of one MetricDatum.
func samplesOf(in request, datum params) ([]sample, error) {
	at, ok := datum["Timestamp"].(time.Time)
	if !ok {
		at = in.now
	}
	unit := cmp.Or(datum.text("Unit"), "None")
	if set := datum.sub("StatisticValues"); set != nil {
		one := sample{at: at, unit: unit}
		one.count, _ = set["SampleCount"].(float64)
		one.sum, _ = set["Sum"].(float64)
		one.low, _ = set["Minimum"].(float64)
		one.high, _ = set["Maximum"].(float64)
		return []sample{one}, nil
	}
	values, _ := datum["Values"].([]any)
	counts, _ := datum["Counts"].([]any)
	if v, ok := datum["Value"].(float64); ok {
		values, counts = []any{v}, nil
	}
	if len(values) == 0 || len(values) > 150 || counts != nil && len(counts) != len(values) {
		return nil, in.fail("InvalidParameterCombination", "At least one of the parameters must be specified: Value, Values, StatisticValues")
	}
	var out []sample
	for i, value := range values {
		v, _ := value.(float64)
		n := 1.0
		if counts != nil {
			n, _ = counts[i].(float64)
		}
		out = append(out, sample{at: at, count: n, sum: v * n, low: v, high: v, unit: unit})
	}
	return out, nil
}

func putMetricData(c *Cloud, in request) (map[string]any, error) {
	type write struct {
		key     string
		samples []sample
	}
	var writes []write
	for _, datum := range in.list("MetricData") {
		samples, err := samplesOf(in, datum)
		if err != nil {
			return nil, err
		}
		writes = append(writes, write{metricKey(in.text("Namespace"), datum.text("MetricName"), datum.list("Dimensions")), samples})
	}
	for _, w := range writes {
		m := c.metrics.items[w.key]
		if m == nil {
			if len(c.metrics.order) >= maxThings {
				c.metrics.remove(c.metrics.order[0])
			}
			m = &metric{}
			c.metrics.put(w.key, m)
		}
		m.samples = append(m.samples, w.samples...)
		if extra := len(m.samples) - maxSamples; extra > 0 {
			m.samples = slices.Clone(m.samples[extra:])
		}
	}
	return nil, nil
}

func getMetricStatistics(c *Cloud, in request) (map[string]any, error) {
	from, _ := in.params["StartTime"].(time.Time)
	until, _ := in.params["EndTime"].(time.Time)
	period := time.Duration(in.number("Period", 0)) * time.Second
	switch {
	case !until.After(from):
		return nil, in.fail("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.")
	case period < time.Second || period > 24*time.Hour:
		return nil, in.fail("InvalidParameterValue", "The parameter Period must be between 1 and 86400.")
	case until.Sub(from)/period > 1440:
		return nil, in.fail("InvalidParameterCombination", "You have requested up to %d datapoints, which exceeds the limit of 1,440.",
			until.Sub(from)/period)
	case in.has("ExtendedStatistics") || !in.has("Statistics"):
		return nil, in.fail("InvalidParameterCombination", "The local AWS needs Statistics and has no ExtendedStatistics")
	}
	for _, name := range in.texts("Statistics") {
		if !slices.Contains([]string{"Average", "Maximum", "Minimum", "SampleCount", "Sum"}, name) {
			return nil, in.fail("InvalidParameterValue", "The value %s for parameter Statistics is not valid.", brief(name))
		}
	}
	points := map[int64]*sample{}
	if m := c.metrics.items[metricKey(in.text("Namespace"), in.text("MetricName"), in.list("Dimensions"))]; m != nil {
		for _, s := range m.samples {
			if !s.at.Before(from) && s.at.Before(until) && (!in.has("Unit") || in.text("Unit") == s.unit) {
				addSample(points, int64(s.at.Sub(from)/period), s)
			}
		}
	}
	out := []any{}
	for n, s := range points {
		all := map[string]float64{"Average": s.sum / max(s.count, 1), "Maximum": s.high, "Minimum": s.low, "SampleCount": s.count, "Sum": s.sum}
		point := map[string]any{"Timestamp": from.Add(time.Duration(n) * period).UTC(), "Unit": s.unit}
		for _, name := range in.texts("Statistics") {
			point[name] = all[name]
		}
		out = append(out, point)
	}
	slices.SortFunc(out, func(a, b any) int {
		x, _ := a.(map[string]any)["Timestamp"].(time.Time)
		y, _ := b.(map[string]any)["Timestamp"].(time.Time)
		return x.Compare(y)
	})
	return map[string]any{"Label": in.text("MetricName"), "Datapoints": out}, nil
}

func addSample(points map[int64]*sample, n int64, s sample) {
	p := points[n]
	if p == nil {
		points[n] = &s
		return
	}
	p.count, p.sum, p.low, p.high = p.count+s.count, p.sum+s.sum, min(p.low, s.low), max(p.high, s.high)
}
