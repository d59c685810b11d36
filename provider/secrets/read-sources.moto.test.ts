// Parameters that references name one by one, read by the real clients from moto.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
  type ParameterType,
} from '@aws-sdk/client-ssm';
import { startMoto, whyNoMoto, type Moto } from '../testing/moto.ts';
import { createNamedParametersClient } from './parameter-store-client.ts';
import { createSourcesReader, type ReadSources } from './read-sources.ts';
import { parseReference } from './reference.ts';
import { locateSource } from './source.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.log(`skipped: ${reason}`);
const options = { skip: reason ?? false };

const REGION = 'eu-west-1';
const folder = `/shop/${randomUUID()}`;
let moto: Moto;
let parameterStore: SSMClient;
let readSources: ReadSources;

before(async () => {
  if (reason !== undefined) return;
  moto = await startMoto();
  const endpoint = moto.url;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  parameterStore = new SSMClient({ region: REGION, endpoint, credentials });
  const timeouts = { connectionTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const client = { credentials: () => Promise.resolve(credentials), endpoint, ...timeouts };
  const notAsked = () => Promise.reject(new Error('not asked for'));
  readSources = createSourcesReader({
    readSecretVersion: notAsked,
    readParameters: notAsked,
    readNamedParameters: createNamedParametersClient(client),
  });
  await put('/url', 'http://1', 'SecureString');
  await put('/url', 'http://2', 'SecureString');
  const label = { Name: `${folder}/url`, ParameterVersion: 1, Labels: ['blue'] };
  await parameterStore.send(new LabelParameterVersionCommand(label));
  await put('/config', '{"port":5432}');
  for (const at of Array.from({ length: 11 }).keys()) await put(`/p${at}`, String(at));
  await put('/listed/url', 'secret');
  await put('/listed/PIGGY_ALLOWED_SA', 'shop:web');
});
after(async () => {
  if (reason === undefined) await moto.stop();
});

async function put(name: string, Value: string, Type: ParameterType = 'String') {
  const input = { Name: `${folder}${name}`, Value, Type, Overwrite: true };
  await parameterStore.send(new PutParameterCommand(input));
}

/** Each text stands behind "parameter:" and the folder. */
async function read(texts: readonly string[]) {
  const asker = {
    serviceAccount: { namespace: 'shop', name: 'api' },
    allowListRequired: false,
    policy: { rules: [], accessDefault: 'namespace', prefix: '' },
    grant: { rule: 'default namespace', role: undefined, onlyIfListed: false, mayBeAnother: false },
  } as const;
  const questions = texts.map((text) => {
    const reference = parseReference(`parameter:${folder}${text}`);
    assert.ok(reference.source);
    const source = locateSource(reference.source, { region: REGION }, undefined);
    return { ...asker, source, references: [reference], calledBy: undefined };
  });
  const context = { signal: new AbortController().signal, observeAccess: () => undefined };
  const { values, missing } = await readSources(questions, context);
  return { values: [...values.values()].map((value) => value.reveal()), missing: missing.length };
}

test(
  'parameters are read by name, version and label, and the keys of their JSON',
  options,
  async () => {
    const texts = ['/url', '/url?version=1', '/url?label=blue', '/config#port', '/gone?optional'];
    const values = ['http://2', 'http://1', 'http://1', '5432'];
    assert.deepEqual(await read(texts), { values, missing: 1 });
  },
);

test('more than ten are read', options, async () => {
  const names = Array.from({ length: 11 }, (_, at) => `/p${at}`);
  const values = names.map((_, at) => String(at));
  assert.deepEqual(await read(names), { values, missing: 0 });
});

test('the list beside a parameter counts', options, async () => {
  await assert.rejects(read(['/listed/url']), { code: 'service_account_not_allowed' });
});

test('a version that there is not is not found', options, async () => {
  await assert.rejects(read(['/url?version=9']), { code: 'secret_not_found' });
});
