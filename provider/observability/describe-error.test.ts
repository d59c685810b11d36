import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import { describeError } from './describe-error.ts';

const canary = 'canary-8f3a';

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('our own error is described with code and message', () => {
  const described = describeError(new ProviderError('pod_gone', 'Pod shop/api is gone'));
  assert.deepEqual(described, {
    name: 'ProviderError',
    code: 'pod_gone',
    message: 'Pod shop/api is gone',
  });
});

test('the message of a foreign error stays out, also as a cause; its place is told', () => {
  const cause = caught(() => JSON.parse(`{"password": ${canary}}`));
  const described = describeError(new ProviderError('internal_error', 'unreadable', { cause }));
  assert.equal(described.cause?.name, 'SyntaxError');
  assert.match(described.cause.frames?.join() ?? '', /describe-error\.test\.ts/);
  assert.ok(!JSON.stringify(described).includes(canary));
});

test('a message that looks like a stack stays out', () => {
  const described = describeError(
    new Error(`a\n    at ${canary} (file:///a.ts:1:1)\n    at file:${canary}`),
  );
  assert.ok(!JSON.stringify(described).includes(canary));
});

test('an error of the operating system is described with code, call and path', () => {
  const described = describeError(caught(() => readFileSync('/nowhere/at/all')));
  assert.equal(described.code, 'ENOENT');
  assert.equal(described.syscall, 'open');
  assert.equal(described.path, '/nowhere/at/all');
});

test('a circle of causes ends', () => {
  const error = new Error('a');
  error.cause = error;
  assert.ok(JSON.stringify(describeError(error)).length < 10_000);
});

test('what is thrown and no error is described by its type', () => {
  assert.deepEqual(describeError(canary), { name: 'string' });
});
