import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemory } from './process-memory.ts';

test('memory is in megabytes, now and at its peak', () => {
  const status = 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\nRssAnon:\t 1 kB\n';
  assert.deepEqual(parseMemory(status), { residentMb: 100, peakResidentMb: 200 });
});
