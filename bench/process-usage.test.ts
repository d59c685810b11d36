import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { parseCpuMs, readUsage } from './process-usage.ts';

test('processor time is that of user and kernel, whatever the program is called', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 123 45 0 0 20 0 11 0 100';
  assert.equal(parseCpuMs(stat), 1680);
});

test('a process is seen to use what it uses', async (context) => {
  const before = readUsage(process.pid);
  const server = createServer().listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const startedMs = process.cpuUsage().user / 1_000;
  while (process.cpuUsage().user / 1_000 < startedMs + 100);
  const after = readUsage(process.pid);
  assert.equal(after.sockets, before.sockets + 1);
  assert.ok(after.cpuMs - before.cpuMs >= 80, `${before.cpuMs} to ${after.cpuMs}`);
  assert.ok(after.residentMb > 10 && after.peakResidentMb >= after.residentMb * 0.9);
});
