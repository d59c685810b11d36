import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

test('requests are counted by route, status and code, and timed by route', async () => {
  const metrics = createMetrics();
  const outcome = { route: '/v1/secret', status: 403, code: 'pod_gone', durationMs: 30 };
  metrics.observeRequest(outcome);
  metrics.observeRequest(outcome);
  const { text, contentType } = await metrics.render();
  assert.match(contentType, /^text\/plain/);
  assert.match(
    text,
    /^piggy_requests_total\{route="\/v1\/secret",status="403",code="pod_gone"\} 2$/m,
  );
  assert.match(
    text,
    /^piggy_request_duration_seconds_bucket\{le="0\.025",route="\/v1\/secret"\} 0$/m,
  );
  assert.match(
    text,
    /^piggy_request_duration_seconds_bucket\{le="0\.05",route="\/v1\/secret"\} 2$/m,
  );
});

test("the certificate's expiry is told in seconds", async () => {
  const metrics = createMetrics();
  metrics.setCertificateExpiry(new Date(1_800_000_000_000));
  const { text } = await metrics.render();
  assert.match(text, /^piggy_certificate_expiry_timestamp_seconds 1800000000$/m);
});

test('the process tells about itself', async () => {
  const { text } = await createMetrics().render();
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
});
