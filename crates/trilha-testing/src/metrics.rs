//! Received metrics, in the simplest form that a test can ask.
//!
//! Of a series (service, scope, attributes) the last point is kept; points of delta temporality
//! are added up, so that a test reads totals in both cases. No resets, no exemplars.

use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1 as otlp;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as OtlpNumber;

use crate::trace::{Attributes, Scope, Value, decode, service_of};

/// A metric with the last state of each of its series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its unit, such as `s`.
    pub unit: String,
    /// Its description.
    pub description: String,
    /// What it measures by.
    pub kind: MetricKind,
    /// One point for each series.
    pub points: Vec<DataPoint>,
}

impl Metric {
    /// The points that have all of these attributes, and perhaps more.
    pub fn points_with<'m>(
        &'m self,
        attributes: &'m [(&'m str, Value)],
    ) -> impl Iterator<Item = &'m DataPoint> {
        self.points.iter().filter(|point| {
            let mut wanted = attributes.iter();
            wanted.all(|(key, value)| point.attributes.get(key) == Some(value))
        })
    }

    /// How many values were recorded, over all series of a histogram; zero for other kinds.
    pub fn count(&self) -> u64 {
        self.points.iter().map(|point| point.value.count()).sum()
    }

    /// The sum over all series: of the values of a sum or gauge, of the sums of a histogram.
    pub fn total(&self) -> f64 {
        self.points.iter().map(|point| point.value.total()).sum()
    }
}

/// What a metric measures by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetricKind {
    /// The last value counts.
    Gauge,
    /// Adds up, and only grows where it is monotonic.
    Sum {
        /// Whether it only grows.
        is_monotonic: bool,
    },
    /// A distribution, in buckets of whatever form.
    Histogram,
    /// Quantiles that were computed by the sender.
    Summary,
}

/// The last state of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DataPoint {
    /// Its attributes.
    pub attributes: Attributes,
    /// Its value.
    pub value: PointValue,
    /// The attributes of the process that sent it.
    pub resource: Arc<Attributes>,
    /// The instrumentation that made it.
    pub scope: Arc<Scope>,
}

impl DataPoint {
    /// The resource's `service.name`; `unknown_service` where it has none.
    pub fn service(&self) -> &str {
        service_of(&self.resource)
    }

    fn is_of_series(&self, other: &Self) -> bool {
        self.attributes == other.attributes && self.resource == other.resource && self.scope == other.scope
    }
}

/// The value of a point.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PointValue {
    /// Of a sum or gauge.
    Int(i64),
    /// Of a sum or gauge.
    Double(f64),
    /// Of a histogram or summary.
    Histogram {
        /// How many values were recorded.
        count: u64,
        /// Their sum; zero where the sender gives none.
        sum: f64,
        /// The upper bounds of the buckets; empty for exponential ones.
        bounds: Vec<f64>,
        /// How many values fell into each bucket, one more than there are bounds.
        buckets: Vec<u64>,
    },
}

impl PointValue {
    fn count(&self) -> u64 {
        match self {
            Self::Histogram { count, .. } => *count,
            Self::Int(_) | Self::Double(_) => 0,
        }
    }

    fn total(&self) -> f64 {
        match self {
            Self::Int(number) => *number as f64,
            Self::Double(number) => *number,
            Self::Histogram { sum, .. } => *sum,
        }
    }

    fn add(&mut self, earlier: &Self) {
        match (self, earlier) {
            (Self::Int(now), Self::Int(before)) => *now = now.saturating_add(*before),
            (Self::Double(now), Self::Double(before)) => *now += before,
            (
                Self::Histogram { count, sum, buckets, .. },
                Self::Histogram { count: before, sum: sum_before, buckets: filled, .. },
            ) => {
                *count = count.saturating_add(*before);
                *sum += sum_before;
                for (bucket, before) in buckets.iter_mut().zip(filled) {
                    *bucket = bucket.saturating_add(*before);
                }
            }
            _ => {}
        }
    }
}

/// All metrics that have arrived, bounded by the number of series.
#[derive(Debug)]
pub(crate) struct Metrics {
    metrics: Vec<Metric>,
    series: usize,
    max_series: usize,
    /// Points of series that found no room.
    pub(crate) dropped_points: u64,
}

impl Metrics {
    pub(crate) fn new(max_series: usize) -> Self {
        Self { metrics: Vec::new(), series: 0, max_series, dropped_points: 0 }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }

    pub(crate) fn add(&mut self, resource_metrics: Vec<otlp::ResourceMetrics>) {
        for group in resource_metrics {
            let resource = decode::resource(group.resource);
            for group in group.scope_metrics {
                let scope = decode::scope(group.scope);
                for metric in group.metrics {
                    self.add_metric(metric, &resource, &scope);
                }
            }
        }
    }

    fn add_metric(&mut self, metric: otlp::Metric, resource: &Arc<Attributes>, scope: &Arc<Scope>) {
        let Some(data) = metric.data else { return };
        let (kind, is_delta, points) = points(data);
        let mut room = self.max_series.saturating_sub(self.series);
        let at = self.metrics.iter().position(|known| known.name == metric.name);
        if at.is_none() {
            if room == 0 {
                self.dropped_points += points.len() as u64;
                return;
            }
            self.metrics.push(Metric {
                name: metric.name,
                unit: metric.unit,
                description: metric.description,
                kind,
                points: Vec::new(),
            });
        }
        let at = at.unwrap_or(self.metrics.len() - 1);
        let Some(known) = self.metrics.get_mut(at) else {
            return;
        };

        for (attributes, value) in points {
            let mut point =
                DataPoint { attributes, value, resource: Arc::clone(resource), scope: Arc::clone(scope) };
            let mut series = known.points.iter_mut();
            if let Some(known) = series.find(|known| known.is_of_series(&point)) {
                if is_delta {
                    point.value.add(&known.value);
                }
                *known = point;
            } else if room > 0 {
                known.points.push(point);
                self.series += 1;
                room -= 1;
            } else {
                self.dropped_points += 1;
            }
        }
    }
}

type Points = Vec<(Attributes, PointValue)>;

fn points(data: Data) -> (MetricKind, bool, Points) {
    let is_delta = |temporality: i32| temporality == otlp::AggregationTemporality::Delta as i32;
    match data {
        Data::Gauge(gauge) => (MetricKind::Gauge, false, numbers(gauge.data_points)),
        Data::Sum(sum) => {
            let kind = MetricKind::Sum { is_monotonic: sum.is_monotonic };
            (kind, is_delta(sum.aggregation_temporality), numbers(sum.data_points))
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.into_iter().map(|point| {
                let (bounds, buckets) = (point.explicit_bounds, point.bucket_counts);
                let value = distribution(point.count, point.sum, bounds, buckets);
                (decode::attributes(point.attributes), value)
            });
            let is_delta = is_delta(histogram.aggregation_temporality);
            (MetricKind::Histogram, is_delta, points.collect())
        }
        Data::ExponentialHistogram(histogram) => {
            let points = histogram.data_points.into_iter().map(|point| {
                let value = distribution(point.count, point.sum, Vec::new(), Vec::new());
                (decode::attributes(point.attributes), value)
            });
            let is_delta = is_delta(histogram.aggregation_temporality);
            (MetricKind::Histogram, is_delta, points.collect())
        }
        Data::Summary(summary) => {
            let points = summary.data_points.into_iter().map(|point| {
                let value = distribution(point.count, Some(point.sum), Vec::new(), Vec::new());
                (decode::attributes(point.attributes), value)
            });
            (MetricKind::Summary, false, points.collect())
        }
    }
}

fn numbers(points: Vec<otlp::NumberDataPoint>) -> Points {
    let points = points.into_iter().map(|point| {
        let value = match point.value {
            Some(OtlpNumber::AsInt(number)) => PointValue::Int(number),
            Some(OtlpNumber::AsDouble(number)) => PointValue::Double(number),
            None => PointValue::Int(0),
        };
        (decode::attributes(point.attributes), value)
    });
    points.collect()
}

fn distribution(count: u64, sum: Option<f64>, bounds: Vec<f64>, buckets: Vec<u64>) -> PointValue {
    PointValue::Histogram { count, sum: sum.unwrap_or_default(), bounds, buckets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(number: i64, temporality: otlp::AggregationTemporality) -> Vec<otlp::ResourceMetrics> {
        named_sum("requests", number, temporality)
    }

    fn named_sum(
        name: &str,
        number: i64,
        temporality: otlp::AggregationTemporality,
    ) -> Vec<otlp::ResourceMetrics> {
        let point = otlp::NumberDataPoint { value: Some(OtlpNumber::AsInt(number)), ..Default::default() };
        let metric = otlp::Metric {
            name: name.into(),
            data: Some(Data::Sum(otlp::Sum {
                data_points: vec![point],
                aggregation_temporality: temporality as i32,
                is_monotonic: true,
            })),
            ..Default::default()
        };
        let scope_metrics = vec![otlp::ScopeMetrics { metrics: vec![metric], ..Default::default() }];
        vec![otlp::ResourceMetrics { scope_metrics, ..Default::default() }]
    }

    #[test]
    fn a_cumulative_point_replaces_and_a_delta_adds() {
        for (temporality, total) in
            [(otlp::AggregationTemporality::Cumulative, 5.0), (otlp::AggregationTemporality::Delta, 8.0)]
        {
            let mut metrics = Metrics::new(10);
            metrics.add(sum(3, temporality));
            metrics.add(sum(5, temporality));
            let metric = metrics.get("requests").unwrap();
            assert_eq!(metric.points.len(), 1);
            assert_eq!(metric.total(), total);
        }
    }

    #[test]
    fn series_are_bounded_and_what_finds_no_room_is_counted() {
        let mut metrics = Metrics::new(1);
        let cumulative = otlp::AggregationTemporality::Cumulative;
        metrics.add(named_sum("first", 1, cumulative));
        metrics.add(named_sum("second", 1, cumulative));
        assert_eq!(metrics.names(), ["first"]);
        assert_eq!(metrics.dropped_points, 1);
    }
}
