import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runningPod } from './running-pod.ts';

test('a running Pod is of the size of a real one, and its container has just started', () => {
  const beforeMs = Date.now();
  const { uid, pod } = runningPod({ name: 'app-1', env: { A: 'piggy:A' }, args: ['/app'] });
  const text = JSON.stringify(pod);
  assert.ok(text.length > 2_500 && text.length < 10_000, String(text.length));
  assert.ok(text.includes(`"name":"PIGGY_UID","value":"${uid}"`), text);
  const [, startedAt = ''] = /"startedAt":"([^"]+)"/.exec(text) ?? [];
  assert.ok(Date.parse(startedAt) >= beforeMs, startedAt);
});
