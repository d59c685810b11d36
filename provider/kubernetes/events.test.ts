import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toKubernetesEvent } from './events.ts';

const event = {
  name: 'api-0.0123456789abcdef',
  namespace: 'shop',
  pod: { name: 'api-0', uid: 'uid-1' },
  container: 'app',
  reason: 'AccessDenied',
  message: 'access_denied: no',
  atMs: 0,
};

test('an Event warns about the container of the Pod', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(toKubernetesEvent(event))), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'api-0.0123456789abcdef', namespace: 'shop' },
    type: 'Warning',
    reason: 'AccessDenied',
    message: 'access_denied: no',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: 'api-0',
      uid: 'uid-1',
      fieldPath: 'spec.containers{app}',
    },
    source: { component: 'piggy' },
    firstTimestamp: '1970-01-01T00:00:00.000Z',
    lastTimestamp: '1970-01-01T00:00:00.000Z',
    count: 1,
  });
});

test('a long message is cut to what the API server takes, in bytes', () => {
  const { message } = toKubernetesEvent({ ...event, message: 'ü'.repeat(5_000) });
  assert.equal(Buffer.byteLength(message), 1_000);
  assert.match(message, /\.\.\.$/);
});
