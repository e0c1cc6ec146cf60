//! Values that are written down: the examples of OpenTelemetry's semantic conventions (1.37), and of other
//! specifications.

use super::Sample;

pub(super) fn samples() -> impl Iterator<Item = Sample> {
    let plain = PLAIN.iter().map(|(key, values)| (true, *key, *values));
    let hosts = UNDER_THEIR_KEY_ALONE.iter().map(|(key, values)| (false, *key, *values));
    plain.chain(hosts).flat_map(|(is_plain, key, values)| {
        let sample =
            move |value: &&str| Sample { group: key, key: Some(key), is_plain, text: (*value).into() };
        values.iter().map(sample)
    })
}

const UNDER_THEIR_KEY_ALONE: &[(&str, &[&str])] = &[
    ("server.address", &["10.1.2.80", "192.168.0.1", "2001:db8::17", "::1", "10.244.3.17", "172.17.0.2"]),
    ("network.local.address", &["10.1.2.80", "0.0.0.0", "127.0.0.1"]),
    (
        "user_agent.original",
        &[
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.86 \
             Safari/537.36 Edg/131.0.2903.70",
        ],
    ),
];

const PLAIN: &[(&str, &[&str])] = &[
    ("http.request.method", &["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "_OTHER", "QUERY"]),
    (
        "http.route",
        &[
            "/users/:userID?",
            "{controller}/{action}/{id?}",
            "/orders/{id}",
            "/api/v1/customers/{customer_id}/cards/{card_id}",
            "/*path",
            "/healthz",
            "/api/churn/v2/predict",
            "/{*rest}",
            "/v1/tokens/{token}",
            "/login/oauth/authorize",
            "/sessions/{session_id}/cart",
        ],
    ),
    ("http.response.status_code", &["200", "404", "503"]),
    (
        "url.full",
        &[
            "https://www.foo.bar/search?q=OpenTelemetry#SemConv",
            "//localhost",
            "http://order-service:8080/orders/42",
            "https://api.example.com/v2/items?page=3&per_page=50&sort=-created_at",
            "http://localhost:4318/v1/traces",
            "https://example.com/a/b;v=1/c?x=&y=1",
            "ftp://ftp.example.com/pub/file.tar.gz",
            "https://registry.npmjs.org/@babel/core",
            "https://maps.example.com/?z=12&lat=-23.5&lon=-46.6",
            "postgres://db.internal:5432/orders",
            "amqp://broker:5672/%2f",
            "redis://cache:6379/0",
        ],
    ),
    (
        "url.path",
        &[
            "/search",
            "/a%20b/c",
            "/orders/7f3b/items/2",
            "/static/js/main.8d6a1f2c.js",
            "/.well-known/jwks.json",
        ],
    ),
    (
        "url.query",
        &[
            "q=OpenTelemetry",
            "page=2&limit=50",
            "from=2026-01-01T00%3A00%3A00Z&to=2026-02-01",
            "ids=1,2,3&fields=name%2Cprice",
            "utm_source=newsletter&utm_medium=web&utm_campaign=spring_sale",
            "sort=price:asc&filter[state]=open",
            "v=3&lang=pt-BR",
            "q=a+b+c&exact=true",
        ],
    ),
    ("url.scheme", &["https", "http", "ftp", "telnet"]),
    ("url.template", &["/users/{id}", "/users?id={id}"]),
    (
        "server.address",
        &["example.com", "order-service.shop.svc.cluster.local", "db-primary-0", "localhost", "/tmp/my.sock"],
    ),
    ("server.port", &["80", "8080", "443", "5432", "27017"]),
    ("network.protocol.name", &["amqp", "http", "mqtt"]),
    ("network.protocol.version", &["1.1", "2", "3"]),
    ("network.transport", &["tcp", "udp", "unix"]),
    (
        "user_agent.original",
        &[
            "CERN-LineMode/2.15 libwww/2.17b3",
            "curl/8.5.0",
            "kube-probe/1.29",
            "Prometheus/2.48.1",
            "Go-http-client/2.0",
            "python-requests/2.31.0",
            "okhttp/4.12.0",
            "PostmanRuntime/7.36.1",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 14_7_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/14.1.2 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 \
             Safari/605.1.15",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "aws-sdk-rust/1.3.2 os/linux lang/rust/1.77.1",
            "grpc-rust/0.14 tonic/0.14.9",
            "ELB-HealthChecker/2.0",
            "Dart/3.2 (dart:io)",
        ],
    ),
    (
        "db.system.name",
        &["postgresql", "mysql", "mariadb", "sqlite", "mongodb", "redis", "microsoft.sql_server"],
    ),
    ("db.namespace", &["customers", "test.users", "orders|public", "0"]),
    ("db.collection.name", &["public.users", "customers", "orders_2026_01"]),
    ("db.operation.name", &["findAndModify", "HMSET", "SELECT", "BULK INSERT"]),
    (
        "db.query.summary",
        &[
            "SELECT wuser_table",
            "INSERT shipping_details SELECT orders",
            "get user by id",
            "SELECT orders JOIN order_items",
        ],
    ),
    (
        "db.query.text",
        &[
            "SELECT * FROM wuser_table where username = ?",
            "SET mykey ?",
            "select id, name, price from products where id = $1 and state = any($2) order by created_at desc limit 50",
            "INSERT INTO orders (id, tenant, total, created_at) VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING",
            "update accounts set balance = balance - $1 where id = $2 and balance >= $1 returning balance",
            "SELECT password_hash, session_token FROM users WHERE id = ?",
            "delete from sessions where expires_at < now() - interval '30 days'",
            "select count(*) from carts where token = $1",
            "BEGIN",
            "COMMIT",
            "ROLLBACK TO SAVEPOINT _sqlx_savepoint_1",
            "select pg_advisory_xact_lock($1)",
            "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, total NUMERIC(12,2) NOT NULL, email TEXT)",
            "select e.email, e.phone from employees e where e.cpf = :cpf",
            "WITH t AS (SELECT 1 AS n) SELECT n::text, n::int4 FROM t WHERE n BETWEEN 10 AND 200000000",
            "SELECT /* order-service */ 1",
            "select * from items where sku in (?, ?, ?) and price > ? -- page 2",
            "EXPLAIN (ANALYZE, BUFFERS) select 1",
            "db.orders.find({ state: ?, total: { $gt: ? } })",
        ],
    ),
    ("db.response.status_code", &["102", "ORA-17002", "08P01", "404", "23505"]),
    (
        "rpc.method",
        &["exampleMethod", "com.example.ExampleService/exampleMethod", "grpc.health.v1.Health/Check"],
    ),
    ("rpc.system.name", &["grpc", "jsonrpc", "dubbo"]),
    ("messaging.system", &["rabbitmq", "kafka", "aws_sqs"]),
    (
        "messaging.destination.name",
        &["MyQueue", "MyTopic", "payment_needed", "orders.v2.created", "amq.gen-JzTY20BRgKO"],
    ),
    ("messaging.destination.template", &["/customers/{customerId}"]),
    ("messaging.operation.name", &["ack", "nack", "send", "poll"]),
    ("messaging.consumer.group.name", &["my-group", "indexer", "order-service.prod"]),
    ("messaging.message.id", &["452a7c7c7c7048c2f887f61572b18fc2", "01HQ3Z5T0V8X9Y7W6R5Q4P3N2M"]),
    ("messaging.client.id", &["client-5", "myhost@8742@s8083jm", "rdkafka"]),
    ("messaging.rabbitmq.destination.routing_key", &["myKey", "orders.created.br", "order.*.paid"]),
    (
        "error.type",
        &["timeout", "java.net.UnknownHostException", "500", "sqlx::Error::RowNotFound", "23505", "_OTHER"],
    ),
    ("exception.type", &["java.net.ConnectException", "OSError", "core::num::ParseIntError", "panic"]),
    (
        "code.function.name",
        &[
            "com.example.MyHttpService.serveRequest",
            "tokio::runtime::task::raw::poll",
            "<alloc::boxed::Box<F> as core::ops::function::FnOnce<Args>>::call_once",
            "std::fs::File::open::{{closure}}",
            "dead::beef::cafe",
            "orders::services::order::create_order",
        ],
    ),
    (
        "code.file.path",
        &["/usr/local/MyApplication/content_root/app/index.php", "src/main.rs", "C:\\src\\orders\\main.rs"],
    ),
    ("code.namespace", &["orders::services", "axum::routing", "a::b::c"]),
    ("thread.name", &["main", "tokio-runtime-worker", "pool-3-thread-12"]),
    ("process.executable.name", &["otelcol", "order-service"]),
    ("process.runtime.version", &["14.0.2", "1.82.0", "17.0.9+9-Ubuntu-122.04"]),
    (
        "os.description",
        &["Ubuntu 18.04.1 LTS", "Microsoft Windows [Version 10.0.18363.778]", "Linux 6.1.0-18-amd64"],
    ),
    ("os.version", &["14.2.1", "18.04.1"]),
    ("host.name", &["opentelemetry-test", "ip-10-0-3-7.ec2.internal", "node-03.example.internal"]),
    ("host.id", &["fdbf79e8af94cb7f9e8df36789187052", "i-0abcd1234efgh5678"]),
    ("host.type", &["n1-standard-1", "m5.xlarge"]),
    (
        "container.image.name",
        &[
            "gcr.io/opentelemetry/operator",
            "ghcr.io/example/orders:1.4.0",
            "docker.io/library/postgres:16.1-alpine",
        ],
    ),
    ("container.id", &["a3bf90e006b2"]),
    (
        "container.image.repo_digests",
        &["example@sha256:afcc7f1ac1b49db317a7196c902e61c6c3c4607d63599ee1a82d702d249a0ccb"],
    ),
    (
        "k8s.pod.name",
        &["opentelemetry-pod-autoconf", "checkout-7d9f8b6c5d-x2x4q", "db-0", "cronjob-28435620-abcde"],
    ),
    ("k8s.namespace.name", &["default", "kube-system", "shop-prod"]),
    ("k8s.pod.uid", &["275ecb36-5aa8-4c2a-9c47-d8bb681b9aff"]),
    ("k8s.deployment.name", &["opentelemetry", "orders-api"]),
    ("cloud.region", &["us-central1", "us-east-1", "sa-east-1"]),
    ("cloud.availability_zone", &["us-east-1c", "sa-east-1a"]),
    ("cloud.account.id", &["111111111111", "123456789012", "opentelemetry"]),
    (
        "cloud.resource_id",
        &[
            "arn:aws:lambda:us-east-1:123456789012:function:my-function",
            "//run.googleapis.com/projects/PROJECT_ID/locations/LOCATION_ID/services/SERVICE_ID",
            "/subscriptions/2b0c8f4e-51d1-4a40-9d2f-3f2f0a5a6d70/resourceGroups/shop/providers/Microsoft.Web/sites/orders",
            "arn:aws:s3:::shop-invoices/2026/01/invoice-7.pdf",
            "arn:aws:iam::123456789012:role/orders",
        ],
    ),
    ("faas.invocation_id", &["af9d5aa4-a685-4c5f-a22b-444f80b3cc28"]),
    ("service.name", &["order-service", "shoppingcart", "unknown_service:orders"]),
    ("service.version", &["2.0.0", "a01dbef8a", "1.4.0-rc.2+build.7", "2026.01.15.3"]),
    ("service.instance.id", &["627cc493-f310-47de-96bd-71410b7dec09", "orders-7d9f8b6c5d-x2x4q:8080"]),
    ("telemetry.sdk.version", &["1.2.3"]),
    ("deployment.environment.name", &["staging", "production"]),
    ("feature_flag.key", &["logo-color", "new-checkout"]),
    ("feature_flag.result.variant", &["red", "true", "on"]),
    ("gen_ai.request.model", &["gpt-4", "mistral-large-2407", "churn-v2.3.1"]),
    ("gen_ai.response.id", &["chatcmpl-123", "chatcmpl-AVsqDoT0WF5XJsGQ1M1aHqBkUj2nO"]),
    ("gen_ai.usage.input_tokens", &["100", "18342"]),
    ("graphql.operation.name", &["findBookById"]),
    (
        "tls.cipher",
        &["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_AES_256_GCM_SHA384"],
    ),
    ("tls.protocol.version", &["1.2", "3"]),
    ("aws.request_id", &["79b9da39-b7ae-508a-a6bc-864b2829c622", "C9ER4AJX75574TDJ"]),
    ("http.request.header.accept", &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]),
    (
        "http.request.header.traceparent",
        &[
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ],
    ),
    (
        "http.request.header.tracestate",
        &["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "foo@@bar=1", "ot=th:e666;rv:0123456789abcd"],
    ),
    ("http.request.header.baggage", &["tenant=acme,use_case=retention-campaign;ttl=60"]),
    (
        "http.response.header.etag",
        &[
            "\"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
            "W/\"0815\"",
            "\"bm90aGluZw==\"",
            "W/\"67ab43-5f3759df\"",
        ],
    ),
    (
        "http.response.header.server-timing",
        &[
            "traceparent;desc=\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"",
            "db;dur=53.2, app;dur=47.2",
        ],
    ),
    ("http.request.header.x-b3-traceid", &["80f198ee56343ba864fe8b2a57d3eff7"]),
    (
        "http.response.header.content-type",
        &["application/json; charset=utf-8", "multipart/form-data; boundary=----x"],
    ),
    ("http.response.header.cache-control", &["max-age=31536000, immutable", "no-store"]),
    ("http.response.header.strict-transport-security", &["max-age=63072000; includeSubDomains; preload"]),
    ("http.response.header.date", &["Wed, 21 Oct 2026 07:28:00 GMT"]),
    ("http.request.header.accept-language", &["pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7"]),
    ("http.request.header.x-amzn-trace-id", &["Root=1-67891233-abcdef012345678912345678"]),
    ("tenant", &["acme", "banking-core", "tenant_7"]),
    ("route", &["/api/churn/v2/predict", "/orders/{id}", "orders.Orders/Place"]),
    ("correlation_id", &["order-7", "b3c1f7a0-0d7f-4b8e-9a57-6a2a7f0c9d11", "2026-01-15/nightly/17"]),
    ("model_version", &["2.3.1", "2026-01-15"]),
    ("purpose", &["credit-protection", "fraud-prevention"]),
    ("run_id", &["scheduled-2026-11-21", "manual__2026-01-15T03:00:00+00:00"]),
    ("policy_digest", &["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]),
];
