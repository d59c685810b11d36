import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';
import { createBundleUpkeep } from './bundle-upkeep.ts';
import { createAuthority } from './certificates.ts';

const DAY_MS = 86_400_000;
const start = Date.now();

async function makeAuthority(toDays: number): Promise<string> {
  const notBefore = new Date(start - DAY_MS);
  const notAfter = new Date(start + toDays * DAY_MS);
  return (await createAuthority(`of ${toDays} days`, { notBefore, notAfter })).certificate;
}

const short = await makeAuthority(10);
const long = await makeAuthority(100);

function createCluster(stored?: OwnObject) {
  let present = stored;
  let writes = 0;
  let authority = short;
  let day = 0;
  const objects: OwnObjects = {
    namespace: 'piggy-system',
    clockAheadMs: () => 0,
    read: () => Promise.resolve(present),
    write: (object) => {
      present = object;
      writes += 1;
      return Promise.resolve('written');
    },
  };
  return {
    pass: createBundleUpkeep({
      writer: { objects, note: () => undefined },
      bundleConfigMap: 'piggy-ca',
      readAuthority: () => Promise.resolve(authority),
      now: () => start + day * DAY_MS,
    }),
    mount: (text: string) => (authority = text),
    setDay: (value: number) => (day = value),
    bundle: () => present?.data['ca.crt'],
    writes: () => writes,
  };
}

test('the authority of the files is published, overlaps with the next one, and goes when it has expired', async () => {
  const { pass, mount, setDay, bundle, writes } = createCluster();
  await pass();
  assert.equal(bundle(), short);
  await pass();
  assert.equal(writes(), 1);
  mount(long);
  await pass();
  assert.equal(bundle(), short + long);
  setDay(11);
  await pass();
  assert.equal(bundle(), long);
});

test('a bundle that somebody else keeps is not touched', async () => {
  const theirs: OwnObject = {
    kind: 'ConfigMap',
    metadata: { name: 'piggy-ca', resourceVersion: '1' },
    data: { 'ca.crt': long },
  };
  const { pass, writes } = createCluster(theirs);
  await assert.rejects(pass(), { message: /ConfigMap piggy-ca was not made by the provider/ });
  assert.equal(writes(), 0);
});

test('a file without certificate publishes nothing', async () => {
  const { pass, mount, writes } = createCluster();
  mount('nothing');
  await assert.rejects(pass(), { message: /ca\.crt holds no certificate/ });
  assert.equal(writes(), 0);
});
