// An express service with OpenTelemetry's SDK: one hop of a trace that crosses languages.
//
// Usage: main.js [NEXT_URL]
//
// A POST brings baggage as JSON, {"name": "value"}; what follows a ';' in a value are properties. With a next hop,
// it is posted to with this baggage, and its answer is the answer; without one, the answer is the context that
// arrived here. Ends with its standard input.

'use strict';

const { baggageEntryMetadataFromString, context, propagation } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { ExpressInstrumentation, ExpressLayerType } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const nextUrl = process.argv[2];

new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
}).register();
registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation(),
    new ExpressInstrumentation({ ignoreLayersType: [ExpressLayerType.MIDDLEWARE] }),
  ],
});

// After the instrumentation, which patches them.
const http = require('node:http');
const express = require('express');

const app = express();
app.use(express.json());
app.post('/hop', async (request, response) => {
  response.json(nextUrl ? await context.with(carrying(request.body), () => post(nextUrl)) : arrived(request));
});

function carrying(members) {
  let baggage = propagation.getActiveBaggage() ?? propagation.createBaggage();
  for (const [name, text] of Object.entries(members)) {
    const [value, properties] = text.split(/;(.*)/);
    baggage = baggage.setEntry(name, { value, metadata: properties && baggageEntryMetadataFromString(properties) });
  }
  return propagation.setBaggage(context.active(), baggage);
}

function arrived(request) {
  const members = propagation.getActiveBaggage()?.getAllEntries() ?? [];
  const { baggage = [], tracestate = [] } = request.headersDistinct;
  return {
    baggage: Object.fromEntries(members.map(([name, { value }]) => [name, value])),
    headers: { baggage, tracestate },
  };
}

function post(url) {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const request = http.request(url, options, async (response) => {
      let body = '';
      for await (const part of response.setEncoding('utf8')) body += part;
      resolve(JSON.parse(body));
    });
    request.on('error', reject);
    request.end('{}');
  });
}

process.stdin.resume().on('end', () => process.exit(0));
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/hop`);
});
