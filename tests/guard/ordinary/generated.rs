//! Values that programs make: ids, times, versions, names of pods, prices, routes. The same ones each time.

use std::fmt::Write;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::Sample;

/// Of each kind.
const COUNT: usize = 120;

pub(super) fn samples() -> impl Iterator<Item = Sample> {
    let mut source = Source(StdRng::seed_from_u64(0));
    KINDS.iter().flat_map(move |(group, key, make)| {
        let values: Vec<_> = (0..COUNT).map(|_| make(&mut source)).collect();
        values.into_iter().map(|text| Sample { group, key: Some(key), is_plain: true, text })
    })
}

type Kind = (&'static str, &'static str, fn(&mut Source) -> String);

const KINDS: &[Kind] = &[
    ("UUIDs", "messaging.message.id", Source::uuid),
    ("UUIDs in capitals", "messaging.message.id", |source| source.uuid().to_uppercase()),
    ("UUIDs without dashes", "host.id", |source| source.hex(32)),
    ("ULIDs", "messaging.message.id", |source| "01H".to_owned() + &source.text(CROCKFORD, 23)),
    ("object ids", "correlation_id", |source| "65".to_owned() + &source.hex(22)),
    ("nano ids", "correlation_id", |source| source.text(BASE64_URL, 21)),
    ("trace ids", "http.request.header.x-b3-traceid", |source| source.hex(32)),
    ("span ids", "http.request.header.x-b3-spanid", |source| source.hex(16)),
    ("traceparent", "http.request.header.traceparent", |source| {
        format!("00-{}-{}-0{}", source.hex(32), source.hex(16), source.number(0, 1))
    }),
    ("tracestate", "http.request.header.tracestate", |source| {
        format!("vendor={},ot=th:{};rv:{}", source.hex(16), source.hex(3), source.hex(14))
    }),
    ("git commits", "service.version", |source| source.hex(40)),
    ("short commits", "service.version", |source| source.hex(9)),
    ("image digests", "container.image.id", |source| format!("sha256:{}", source.hex(64))),
    ("containers", "container.id", |source| source.hex(64)),
    ("md5 and crc", "http.response.header.etag", |source| {
        format!("\"{}-{}\"", source.hex(32), source.number(1, 99))
    }),
    ("base64 digests", "http.response.header.etag", |source| format!("W/\"{}=\"", source.text(BASE64, 27))),
    ("integrity", "http.response.header.digest", |source| format!("sha-256={}=", source.text(BASE64, 43))),
    ("semver", "service.version", |source| {
        let [major, minor, patch] = [source.number(0, 20), source.number(0, 40), source.number(0, 300)];
        match source.number(0, 3) {
            0 => format!("{major}.{minor}.{patch}"),
            1 => format!("v{major}.{minor}.{patch}"),
            2 => format!("{major}.{minor}.{patch}-rc.{}", source.number(1, 9)),
            _ => format!("{major}.{minor}.{patch}+build.{}.{}", source.number(1, 9_999), source.hex(7)),
        }
    }),
    ("dated versions", "service.version", |source| {
        format!("{}.{}", source.date().replace('-', "."), source.number(1, 9))
    }),
    ("dates", "trilha.batch.partition", Source::date),
    ("ISO timestamps", "messaging.message.time", Source::timestamp),
    ("times", "shop.opens", Source::clock),
    ("epoch in s", "shop.at", |source| source.epoch().to_string()),
    ("epoch in ms", "shop.at", |source| format!("{}{:03}", source.epoch(), source.number(0, 999))),
    ("epoch in us", "shop.at", |source| format!("{}{:06}", source.epoch(), source.number(0, 999_999))),
    ("epoch in ns", "shop.at", |source| format!("{}{:09}", source.epoch(), source.number(0, 999_999_999))),
    ("epoch with fraction", "shop.at", |source| {
        format!("{}.{:06}", source.epoch(), source.number(0, 999_999))
    }),
    ("durations", "shop.took", |source| {
        format!(
            "{}.{:03}{}",
            source.number(0, 9_999),
            source.number(0, 999),
            source.one_of(&["ms", "s", "µs", "ns"])
        )
    }),
    ("counts", "shop.count", |source| source.number(0, 99_999_999).to_string()),
    ("sizes", "http.response.body.size", |source| source.number(1_000, 9_999_999_999).to_string()),
    ("fractions", "shop.ratio", |source| format!("0.{:017}", source.number(0, 99_999_999_999_999_999))),
    ("coordinates", "shop.place", |source| {
        format!(
            "-{}.{:06},-{}.{:06}",
            source.number(0, 33),
            source.number(0, 999_999),
            source.number(34, 73),
            source.number(0, 999_999)
        )
    }),
    ("snowflakes", "messaging.message.id", |source| {
        source.number(1_000_000_000_000_000_000, 1_999_999_999_999_999_999).to_string()
    }),
    ("prices", "shop.total", |source| {
        let (whole, cents) = (source.number(0, 9_999), source.number(0, 99));
        match source.number(0, 4) {
            0 => format!("R$ {}.{:03},{cents:02}", source.number(1, 99), whole % 1_000),
            1 => format!("${}.{cents:02}", whole),
            2 => format!("{whole}.{cents:02} BRL"),
            3 => format!("€{},{:03}.{cents:02}", source.number(1, 999), whole % 1_000),
            _ => format!("{whole},{cents:02}"),
        }
    }),
    ("order numbers", "correlation_id", |source| {
        let number = source.number(1, 99_999_999);
        match source.number(0, 5) {
            0 => format!("ORD-{}-{number:06}", source.number(2020, 2027)),
            1 => format!("#{number}"),
            2 => format!("order-{number}"),
            3 => format!("PO{number:08}"),
            4 => format!("{:03}-{:07}", source.number(1, 200), number % 10_000_000),
            _ => format!("INV/{}/{number:05}", source.number(2020, 2027)),
        }
    }),
    ("articles", "shop.sku", |source| {
        format!("{}-{:04}-{}", source.text(CAPITALS, 3), source.number(0, 9_999), source.text(CAPITALS, 2))
    }),
    ("ranges", "shop.range", |source| {
        let from = source.number(0, 1_000_000);
        format!(
            "bytes {from}-{}/{}",
            from + source.number(1, 1_000_000),
            source.number(2_000_000, 90_000_000)
        )
    }),
    ("postal codes", "shop.region", |source| {
        format!("{:05}-{:03}", source.number(1_000, 99_999), source.number(0, 999))
    }),
    ("pods", "k8s.pod.name", |source| {
        format!("{}-{}-{}", source.service(), source.text(POD, 10), source.text(POD, 5))
    }),
    ("jobs", "k8s.job.name", |source| {
        format!("{}-{}-{}", source.service(), source.number(28_000_000, 29_999_999), source.text(POD, 5))
    }),
    ("hosts", "server.address", |source| format!("{}.{}.svc.cluster.local", source.service(), source.word())),
    ("cloud hosts", "host.name", |source| {
        format!(
            "ip-10-{}-{}-{}.ec2.internal",
            source.number(0, 255),
            source.number(0, 255),
            source.number(0, 255)
        )
    }),
    ("authorities", "shop.upstream", |source| {
        format!("{}:{}", source.service(), source.number(1_024, 65_535))
    }),
    ("buckets", "cloud.resource_id", |source| {
        format!(
            "arn:aws:s3:::{}-{}/{}/{}.parquet",
            source.word(),
            source.word(),
            source.date(),
            source.uuid()
        )
    }),
    ("ARNs", "cloud.resource_id", |source| {
        format!(
            "arn:aws:sqs:sa-east-1:{}:{}",
            source.number(100_000_000_000, 999_999_999_999),
            source.service()
        )
    }),
    ("routes", "http.route", |source| {
        format!("/api/v{}/{}/{{id}}/{}", source.number(1, 4), source.word(), source.word())
    }),
    ("paths", "url.path", |source| {
        format!("/{}/{}/{}/{}", source.word(), source.number(1, 999_999), source.word(), source.uuid())
    }),
    ("paths of files", "code.file.path", |source| {
        format!("/app/src/{}/{}.rs:{}", source.word(), source.word(), source.number(1, 900))
    }),
    ("URLs", "url.full", |source| {
        format!(
            "http://{}:{}/{}?page={}&size=50",
            source.service(),
            source.number(3_000, 9_999),
            source.word(),
            source.number(1, 99)
        )
    }),
    ("queries", "url.query", |source| {
        format!(
            "{}={}&{}={}&sort=-created_at",
            source.word(),
            source.number(1, 9_999),
            source.word(),
            source.word()
        )
    }),
    ("SQL", "db.query.text", |source| {
        let (table, column) = (source.word(), source.word());
        match source.number(0, 3) {
            0 => format!(
                "SELECT id, {column} FROM {table} WHERE {column} = $1 AND id > $2 ORDER BY id LIMIT 100"
            ),
            1 => format!(
                "INSERT INTO {table} (id, {column}) VALUES (?, ?), (?, ?) ON DUPLICATE KEY UPDATE {column} = ?"
            ),
            2 => format!(
                "update \"{table}\" set \"{column}\" = $1, updated_at = now() where id = $2 returning id"
            ),
            _ => format!(
                "select count(*) from {table} where state = 'open' and {column} between 10 and {}",
                source.number(100, 99_999)
            ),
        }
    }),
    ("Rust paths", "code.function.name", |source| {
        format!("{}::{}::{}::{{{{closure}}}}", source.word(), source.word(), source.word())
    }),
    ("names of metrics", "shop.metric", |source| {
        format!("{}.{}.{}.duration", source.word(), source.word(), source.word())
    }),
    ("topics", "messaging.destination.name", |source| {
        format!("{}.{}.v{}", source.word(), source.word(), source.number(1, 9))
    }),
    ("agents", "shop.agent", |source| {
        format!(
            "{}/{}.{}.{} (linux; x86_64)",
            source.service(),
            source.number(0, 9),
            source.number(0, 99),
            source.number(0, 99)
        )
    }),
    ("addresses of hardware", "shop.interface", |source| {
        (0..6).map(|_| source.hex(2)).collect::<Vec<_>>().join(":")
    }),
    ("pointers", "shop.pointer", |source| format!("0x{}", source.hex(12))),
    ("JSON", "log.message", |source| {
        format!(
            "{{\"order\":{},\"total\":{}.5,\"state\":\"{}\",\"at\":\"{}\"}}",
            source.number(1, 99_999),
            source.number(1, 999),
            source.word(),
            source.timestamp()
        )
    }),
    ("key=value", "log.message", |source| {
        format!(
            "order={} items={} took={}ms worker={}",
            source.number(1, 99_999),
            source.number(1, 20),
            source.number(1, 999),
            source.service()
        )
    }),
    ("log lines", "log.message", |source| {
        let mut line = format!("{} {} ", source.timestamp(), source.one_of(&["INFO", "WARN", "DEBUG"]));
        let _ = write!(
            line,
            "{}::{}: finished batch {} in {} ms",
            source.word(),
            source.word(),
            source.number(1, 9_999),
            source.number(1, 999)
        );
        line
    }),
    ("Debug", "log.message", |source| {
        format!(
            "Order {{ id: {}, total: {}.25, state: Open, items: [{}, {}] }}",
            source.number(1, 99_999),
            source.number(1, 999),
            source.number(1, 99),
            source.number(1, 99)
        )
    }),
];

const HEX: &str = "0123456789abcdef";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What Kubernetes makes names of.
const POD: &str = "bcdfghjklmnpqrstvwxz2456789";

const WORDS: &[&str] = &[
    "orders",
    "items",
    "invoices",
    "payments",
    "refunds",
    "products",
    "prices",
    "stock",
    "carts",
    "shipments",
    "reports",
    "events",
    "jobs",
    "models",
    "scores",
    "features",
    "batches",
    "partitions",
    "queues",
    "workers",
    "pedidos",
    "pagamentos",
    "estoque",
    "entregas",
    "notas",
    "lojas",
    "produtos",
    "relatorios",
];

struct Source(StdRng);

impl Source {
    fn number(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        all.choose(&mut self.0).unwrap()
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        (0..length).map(|_| char::from(*alphabet.as_bytes().choose(&mut self.0).unwrap())).collect()
    }

    fn hex(&mut self, length: usize) -> String {
        self.text(HEX, length)
    }

    fn uuid(&mut self) -> String {
        let variant = self.one_of(&["8", "9", "a", "b"]);
        let [one, two, three, four, five] = [8, 4, 3, 3, 12].map(|length| self.hex(length));
        let version = self.one_of(&["4", "7"]);
        format!("{one}-{two}-{version}{three}-{variant}{four}-{five}")
    }

    fn date(&mut self) -> String {
        format!("{}-{:02}-{:02}", self.number(2019, 2027), self.number(1, 12), self.number(1, 28))
    }

    fn clock(&mut self) -> String {
        format!("{:02}:{:02}:{:02}", self.number(0, 23), self.number(0, 59), self.number(0, 59))
    }

    fn timestamp(&mut self) -> String {
        let (date, clock) = (self.date(), self.clock());
        match self.number(0, 4) {
            0 => format!("{date}T{clock}Z"),
            1 => format!("{date}T{clock}.{:03}-03:00", self.number(0, 999)),
            2 => format!("{date}T{clock}.{:09}Z", self.number(0, 999_999_999)),
            3 => format!("{date} {clock}.{:06}+00", self.number(0, 999_999)),
            _ => format!("{}T{}Z", date.replace('-', ""), clock.replace(':', "")),
        }
    }

    /// Seconds, of 2019 to 2027.
    fn epoch(&mut self) -> u64 {
        self.number(1_550_000_000, 1_830_000_000)
    }

    fn word(&mut self) -> &'static str {
        self.one_of(WORDS)
    }

    fn service(&mut self) -> String {
        format!("{}-{}", self.word(), self.one_of(&["api", "service", "worker", "gateway", "svc"]))
    }
}
