import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLookupLimits } from './lookup-limits.ts';

const { signal } = new AbortController();

/** Secrets that are read until they are let go, and which of them are. */
function createSecrets() {
  const reading: string[] = [];
  const ends: (() => void)[] = [];
  const read = (namespace: string, name: string) => {
    reading.push(`${namespace}/${name}`);
    return new Promise<undefined>((resolve) => {
      ends.push(() => {
        resolve(undefined);
      });
    });
  };
  const endAll = async () => {
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end();
      await new Promise(setImmediate);
    }
  };
  return { reading, read, endAll };
}

test('a Secret that many images need is read once for all of them', async () => {
  const { reading, read, endAll } = createSecrets();
  const { readSecret } = createLookupLimits(read, 60_000);
  const reads = Array.from({ length: 50 }, () => readSecret('shop', 'regcred', signal));
  await endAll();
  await Promise.all(reads);
  assert.deepEqual(reading, ['shop/regcred']);
});

test('the Secrets of one namespace leave connections to the API server to others', async () => {
  const { reading, read, endAll } = createSecrets();
  const { readSecret } = createLookupLimits(read, 60_000);
  const reads = Array.from({ length: 20 }, (_, i) => readSecret('loud', `s${i}`, signal));
  const other = readSecret('shop', 'regcred', signal);
  assert.equal(reading.filter((secret) => secret.startsWith('loud/')).length, 5);
  assert.equal(reading.at(-1), 'shop/regcred');
  await endAll();
  await Promise.all([...reads, other]);
  assert.equal(reading.length, 21);
});

test('who leaves does not end the reading for others', async () => {
  const { read, endAll } = createSecrets();
  const { readSecret } = createLookupLimits(read, 60_000);
  const leaving = readSecret('shop', 'regcred', AbortSignal.abort(new Error('gone')));
  const staying = readSecret('shop', 'regcred', signal);
  await assert.rejects(leaving, /gone/);
  await endAll();
  assert.equal(await staying, undefined);
});
