import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareByModule, type CpuProfile } from './profile-shares.ts';

const sources: Record<string, string | undefined> = {
  handler: '../provider/http/app.ts',
  pool: '../node_modules/undici/lib/pool.js',
  sdk: '../node_modules/@smithy/core/index.js',
};
const node = (id: number, functionName: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url: '', lineNumber: 0, columnNumber: 0 },
  children,
});
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    node(1, '(root)', [2, 5, 6, 7, 8]),
    node(2, 'handler', [3]),
    node(3, 'pool', [4]),
    node(4, 'writeString'),
    node(5, '(garbage collector)'),
    node(6, '(idle)'),
    node(7, 'onread'),
    node(8, 'sdk'),
  ],
  samples: [8, 2, 4, 5, 6, 7, 8],
  timeDeltas: [900, 100, 300, 200, 5_000, 300, 100],
};

test('time counts for the module that is nearest above it, and idle time for none', () => {
  const locate = ({ functionName }: { functionName: string }) => sources[functionName];
  assert.deepEqual(shareByModule(profile, { sinceUs: 2_000, locate }), [
    { module: 'undici', percent: 30 },
    { module: "Node's event loop, TLS and HTTP", percent: 30 },
    { module: 'garbage collection', percent: 20 },
    { module: 'provider/http', percent: 10 },
    { module: '@smithy/core', percent: 10 },
  ]);
});
