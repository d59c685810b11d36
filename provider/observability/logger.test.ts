import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type LogLevel } from './logger.ts';

function linesOf(level: LogLevel, write: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  write(createLogger(level, { write: (line) => void lines.push(line) }));
  return lines;
}

test('a line is one JSON object with time, level and message', () => {
  const [line = ''] = linesOf('info', (log) => {
    log.info({ route: '/v1/secret' }, 'request');
  });
  const { time, ...rest } = JSON.parse(line) as Record<string, string>;
  assert.deepEqual(rest, { level: 'info', route: '/v1/secret', msg: 'request' });
  assert.ok(!Number.isNaN(Date.parse(time ?? '')));
});

test('an error is described without its message', () => {
  const error = new TypeError('canary-8f3a');
  const lines = linesOf('info', (log) => {
    log.error({ error }, 'failed');
    log.error({ err: error }, 'failed');
    log.error(error, 'failed');
  });
  assert.equal(lines.length, 3);
  assert.ok(!lines.join('').includes('canary-8f3a'));
});

test('what is below the level is not written', () => {
  assert.deepEqual(
    linesOf('warn', (log) => {
      log.info('request');
    }),
    [],
  );
});
