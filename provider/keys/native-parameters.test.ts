import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';
import { createNativeParameters } from './native-parameters.ts';
import type { NotedStep } from './settle.ts';

const MINUTE_MS = 60_000;
const START = Date.parse('2026-11-01T10:00:00Z');
const settings = { PIGGY_ADDRESS: 'https://piggy', AWS_REGION: 'eu-west-1' };

function configMap(name: string, data: OwnObject['data']): OwnObject {
  return { kind: 'ConfigMap', metadata: { name, resourceVersion: '1' }, data };
}

function createCluster(...given: readonly OwnObject[]) {
  const stored = new Map(given.map((object) => [object.metadata.name, object]));
  const steps: string[] = [];
  let minutes = 0;
  let marks = 0;
  const objects: OwnObjects = {
    namespace: 'piggy-system',
    clockAheadMs: () => 0,
    read: (_, name) => Promise.resolve(stored.get(name)),
    write: (object) => {
      stored.set(object.metadata.name, object);
      return Promise.resolve('written');
    },
  };
  const note = ({ step }: NotedStep) => void steps.push(step);
  return {
    pass: createNativeParameters({
      writer: { objects, note },
      bundleConfigMap: 'piggy-ca',
      randomMark: () => `a000000${(marks += 1)}`,
      now: () => START + minutes * MINUTE_MS,
    }),
    put: (object: OwnObject) => stored.set(object.metadata.name, object),
    remove: (name: string) => stored.delete(name),
    setMinutes: (value: number) => (minutes = value),
    parameters: () => stored.get('piggy-native'),
    steps,
  };
}

const installed = [configMap('piggy', settings), configMap('piggy-ca', { 'ca.crt': 'CA' })];

test('settings, CA and a mark are put together, and written once', async () => {
  const { pass, parameters, steps } = createCluster(...installed);
  await pass();
  await pass();
  assert.deepEqual(parameters()?.data, { ...settings, 'ca.crt': 'CA', mark: 'a0000001' });
  assert.equal(parameters()?.metadata.labels?.['piggysec.com/made-by'], 'provider');
  assert.deepEqual(steps, ['change the mark']);
});

test('a change of settings or CA is followed, also where something is taken away', async () => {
  const { pass, put, remove, parameters, steps } = createCluster(...installed);
  await pass();
  put(configMap('piggy', { AWS_REGION: 'eu-west-2' }));
  await pass();
  put(configMap('piggy-ca', { 'ca.crt': 'CA of tomorrow' }));
  await pass();
  assert.deepEqual(parameters()?.data, {
    AWS_REGION: 'eu-west-2',
    'ca.crt': 'CA of tomorrow',
    mark: 'a0000001',
  });
  remove('piggy-ca');
  await pass();
  assert.deepEqual(parameters()?.data, { AWS_REGION: 'eu-west-2', mark: 'a0000001' });
  assert.equal(steps.length, 4);
});

test('the mark is another one after an hour, and no earlier', async () => {
  const { pass, setMinutes, parameters } = createCluster(...installed);
  await pass();
  setMinutes(59);
  await pass();
  assert.equal(parameters()?.data['mark'], 'a0000001');
  setMinutes(60);
  await pass();
  assert.equal(parameters()?.data['mark'], 'a0000002');
  setMinutes(119);
  await pass();
  assert.equal(parameters()?.data['mark'], 'a0000002');
});

const wrongMarks: Record<string, [mark: string, since: string]> = {
  'somebody wrote': ['piggy', new Date(START).toISOString()],
  'has no time': ['a1111111', ''],
  'is of next week': ['a1111111', new Date(START + 7 * 24 * 60 * MINUTE_MS).toISOString()],
};

for (const [name, [mark, since]] of Object.entries(wrongMarks)) {
  test(`a mark that ${name} is changed`, async () => {
    const { pass, put, parameters } = createCluster(...installed);
    const stored = configMap('piggy-native', { ...settings, 'ca.crt': 'CA', mark });
    const labels = { 'piggysec.com/made-by': 'provider' };
    const annotations = { 'piggysec.com/mark-since': since };
    put({ ...stored, metadata: { ...stored.metadata, labels, annotations } });
    await pass();
    assert.equal(parameters()?.data['mark'], 'a0000001');
  });
}

test('without the ConfigMap of the settings nothing is written', async () => {
  const { pass, parameters } = createCluster();
  await assert.rejects(pass(), { message: /ConfigMap piggy is not in namespace piggy-system/ });
  assert.equal(parameters(), undefined);
});

test('a ConfigMap of its name that somebody else made is not touched', async () => {
  const { pass, put } = createCluster(...installed);
  put(configMap('piggy-native', { mark: 'theirs' }));
  await assert.rejects(pass(), { message: /ConfigMap piggy-native was not made by the provider/ });
});
