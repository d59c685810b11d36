import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaunchErrorCode } from '../errors.ts';
import type { EnvEntry, PodContainer } from '../kubernetes/pods.ts';
import { parseReference } from '../secrets/reference.ts';
import { decideReferences } from './decide-launch.ts';

type Outcome = 'allowed' | LaunchErrorCode;

function literal(name: string, value: string): EnvEntry {
  return { name, value, mayHoldReference: false };
}

const elsewhere = (name: string): EnvEntry => ({ name, value: undefined, mayHoldReference: true });

const app: PodContainer = {
  name: 'app',
  command: ['/piggy/piggy-env'],
  args: ['--', '/app', 'serve'],
  env: [],
  hasEnvFrom: false,
  isDue: true,
  state: { kind: 'running', restarts: 0, startedAtMs: 0 },
};

const A = literal('A', 'piggy:A');
const references: Record<
  string,
  [env: readonly EnvEntry[], hasEnvFrom: boolean, references: readonly string[], outcome: Outcome]
> = {
  'references of the spec are answered': [
    [A, literal('B', 'piggy:b.c')],
    false,
    ['A', 'b.c'],
    'allowed',
  ],
  'no references are answered': [[A], false, [], 'allowed'],
  'a reference that is not in the spec is not': [[A], false, ['A', 'B'], 'reference_not_in_spec'],
  'a value without prefix is no reference': [
    [literal('B', 'B')],
    false,
    ['B'],
    'reference_not_in_spec',
  ],
  'a reference within a value is none': [
    [literal('B', 'x piggy:B')],
    false,
    ['B'],
    'reference_not_in_spec',
  ],
  'the beginning of a reference is none': [[A], false, [''], 'reference_not_in_spec'],
  'an empty reference is one': [[literal('B', 'piggy:')], false, [''], 'allowed'],
  'a reference that the policy doubled is undoubled': [
    [literal('B', 'piggy:$$(X)$$$$')],
    false,
    ['$(X)$$'],
    'allowed',
  ],
  'a field of the Pod is no place for references': [
    [{ name: 'F', value: undefined, mayHoldReference: false }],
    false,
    ['A'],
    'reference_not_in_spec',
  ],
  'a reference that names a secret is answered where it stands so': [
    [literal('B', 'piggy:secret:shop/db#A?optional')],
    false,
    ['secret:shop/db#A?optional'],
    'allowed',
  ],
  'another key of a secret that the spec names is not': [
    [literal('B', 'piggy:secret:shop/db#A')],
    false,
    ['secret:shop/db#B'],
    'reference_not_in_spec',
  ],
  'another secret than the spec names is not': [
    [A, literal('B', 'piggy:secret:shop/db#A')],
    false,
    ['secret:shop/web#A'],
    'reference_not_in_spec',
  ],
  'a key of the spec, of another secret, is not': [
    [A],
    false,
    ['secret:shop/db#A'],
    'reference_not_in_spec',
  ],
  'what the spec says in other words is not': [
    [literal('B', 'piggy:secret:shop/db#A')],
    false,
    ['secret:shop/db#%41'],
    'reference_not_in_spec',
  ],
  'behind a ConfigMap any reference may be': [[A, elsewhere('B')], false, ['ANY'], 'allowed'],
  'behind envFrom any reference may be': [[A], true, ['ANY'], 'allowed'],
};

for (const [name, [env, hasEnvFrom, asked, expected]] of Object.entries(references)) {
  test(`check 6: ${name}`, () => {
    const decision = decideReferences({ ...app, env, hasEnvFrom }, asked.map(parseReference));
    assert.equal(decision.allowed ? 'allowed' : decision.code, expected);
  });
}
