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

test('a question to AWS is timed from its beginning to its end, and counted by how it ended', async () => {
  const metrics = createMetrics();
  const observeEnd = metrics.observeAwsCall('ssm:GetParametersByPath');
  const running = (await metrics.render()).text;
  assert.ok(!running.includes('ssm:GetParametersByPath'), 'it has not ended');
  observeEnd('aws_throttled');
  const { text } = await metrics.render();
  const action = 'action="ssm:GetParametersByPath"';
  assert.ok(text.includes(`piggy_aws_calls_total{${action},code="aws_throttled"} 1`));
  assert.ok(text.includes(`piggy_aws_call_duration_seconds_count{${action}} 1`));
});

test('a request to a registry is timed, and counted by how it ended', async () => {
  const metrics = createMetrics();
  metrics.observeRegistryCall('200', 3);
  metrics.observeRegistryCall('registry_unavailable', 3);
  const { text } = await metrics.render();
  assert.match(text, /^piggy_registry_calls_total\{outcome="200"\} 1$/m);
  assert.match(text, /^piggy_registry_calls_total\{outcome="registry_unavailable"\} 1$/m);
  assert.match(text, /^piggy_registry_call_duration_seconds_count 2$/m);
});

test('clients that are cut off are counted by listener and reason', async () => {
  const metrics = createMetrics();
  metrics.observeCut('lookups', 'body_gave_way');
  const { text } = await metrics.render();
  const labels = 'listener="lookups",reason="body_gave_way"';
  assert.ok(text.includes(`piggy_clients_cut_off_total{${labels}} 1`));
});

test('how long certificate and authority are valid is told in seconds', async () => {
  const metrics = createMetrics();
  const validity = (from: number, to: number) => ({
    notBefore: new Date(from * 1_000),
    notAfter: new Date(to * 1_000),
  });
  metrics.setCertificateValidity(validity(1_700_000_000, 1_800_000_000));
  metrics.setAuthorityValidity(validity(1_600_000_000, 1_900_000_000));
  const { text } = await metrics.render();
  assert.match(text, /^piggy_certificate_since_timestamp_seconds 1700000000$/m);
  assert.match(text, /^piggy_certificate_expiry_timestamp_seconds 1800000000$/m);
  assert.match(text, /^piggy_ca_since_timestamp_seconds 1600000000$/m);
  assert.match(text, /^piggy_ca_expiry_timestamp_seconds 1900000000$/m);
});

test('the process tells about itself', async () => {
  const { text } = await createMetrics().render();
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
});
