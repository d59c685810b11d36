import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssumedRole } from './assumed-role.ts';
import { namedParametersKey, parametersKey, versionKey } from './secret-cache.ts';

const role: AssumedRole = {
  roleArn: 'arn:aws:iam::123456789012:role/shop',
  externalId: undefined,
  account: { namespace: 'shop', name: 'api' },
  sessionTags: true,
};
const id = '00000000-0000-4000-8000-000000000000';
const version = {
  secretId: 'a',
  region: 'eu-west-1',
  version: { kind: 'idOrStage', text: id },
} as const;

const named = { parameters: [{ id: 'a', selector: '' }], region: 'eu-west-1' };
const different = {
  'one version': versionKey(version),
  'another secret': versionKey({ ...version, secretId: 'b' }),
  'another region': versionKey({ ...version, region: 'eu-west-2' }),
  'another version': versionKey({ ...version, version: { kind: 'idOrStage', text: `${id}0` } }),
  'a stage of the same name': versionKey({ ...version, version: { kind: 'stage', stage: id } }),
  'as a role': versionKey({ ...version, role }),
  'as another role': versionKey({ ...version, role: { ...role, roleArn: 'other' } }),
  'with an external id': versionKey({ ...version, role: { ...role, externalId: 'piggy' } }),
  'without session tags': versionKey({ ...version, role: { ...role, sessionTags: false } }),
  'for another service account': versionKey({
    ...version,
    role: { ...role, account: { namespace: 'shop', name: 'web' } },
  }),
  'parameters of that path': parametersKey({ path: 'a', region: 'eu-west-1' }),
  'parameters of another path': parametersKey({ path: 'b', region: 'eu-west-1' }),
  'parameters of another region': parametersKey({ path: 'a', region: 'eu-west-2' }),
  'parameters as a role': parametersKey({ path: 'a', region: 'eu-west-1', role }),
  'the same version, which can be no label': versionKey({
    ...version,
    version: { kind: 'id', id },
  }),
  'parameters by name': namedParametersKey(named),
  'other parameters': namedParametersKey({ ...named, parameters: [{ id: 'b', selector: '' }] }),
  'another version of them': namedParametersKey({
    ...named,
    parameters: [{ id: 'a', selector: ':1' }],
  }),
  'more of them': namedParametersKey({
    ...named,
    parameters: [...named.parameters, { id: 'b', selector: '' }],
  }),
  'those of another region': namedParametersKey({ ...named, region: 'eu-west-2' }),
  'those as a role': namedParametersKey({ ...named, role }),
};

test('questions that AWS could answer differently are kept apart', () => {
  assert.equal(new Set(Object.values(different)).size, Object.keys(different).length);
});
