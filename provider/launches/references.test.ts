import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnvEntry } from '../kubernetes/pods.ts';
import { readReferences } from './references.ts';

function literal(name: string, value: string): EnvEntry {
  return { name, value, mayHoldReference: false };
}

const A = literal('A', 'piggy:A');
const mark = literal('PIGGY_MARK', 'm');
const field: EnvEntry = { name: 'FIELD', value: undefined, mayHoldReference: false };
const elsewhere: EnvEntry = { name: 'MAP', value: undefined, mayHoldReference: true };

/** An API server takes a Pod with as many; a look at each from each of them would take half an hour. */
const LINE_BREAKS = '\n'.repeat(1_000_000);

/** Each variable is the one before it twice. */
function doubling(times: number): readonly EnvEntry[] {
  const doubled = Array.from({ length: times }, (_, index) =>
    literal(`V${index + 1}`, `$(V${index})$(V${index})`),
  );
  const references = [literal('A', 'piggy:one'), literal('B', `piggy:$(V${times})`)];
  return [literal('V0', 'text'), ...doubled, ...references];
}

/** The env of a container → the keys that its references name, and whether there can be no others. */
const environments: Record<
  string,
  [env: readonly EnvEntry[], keys: string[], isComplete: boolean]
> = {
  'a value that begins as one is a reference': [[A, literal('B', 'x piggy:B')], ['A'], true],
  'line breaks at its end do not count': [[literal('B', 'piggy:b\r\n\n')], ['b'], true],
  'a text with a reference in it is none': [[A, mark, literal('B', '<m>$(A)</m>/x')], ['A'], true],
  'a text that is one reference is that reference': [[A, literal('B', '$(A)')], ['A'], true],
  'two dollars are one': [[literal('B', 'piggy:$$(X)$$$$')], ['$(X)$$'], true],
  'two dollars in a marked text are one': [[mark, literal('B', 'piggy:<m/>(X)')], ['$(X)'], true],
  'one is made of plain values': [
    [literal('STAGE', 'prod'), literal('B', 'piggy:$(STAGE)_$(STAGE)')],
    ['prod_prod'],
    true,
  ],
  'none is made of a secret value': [[A, literal('B', 'piggy:$(A)_KEY')], ['A'], true],
  'the last of two values before it counts': [
    [literal('S', 'one'), literal('S', 'two'), literal('B', 'piggy:$(S)'), literal('S', 'three')],
    ['two'],
    true,
  ],
  'one made of what the spec does not show may be any': [
    [field, literal('B', 'piggy:$(FIELD)_KEY')],
    [],
    false,
  ],
  'a text that may begin as one may be any': [
    [literal('B', '$(SERVICE_NAME):$(SERVICE_PORT)')],
    [],
    false,
  ],
  'a text that cannot begin as one is none': [
    [A, literal('B', 'http://$(SERVICE_NAME)/piggy:B')],
    ['A'],
    true,
  ],
  'line breaks without end in the middle of a text are a part of it': [
    [literal('B', `piggy:${LINE_BREAKS}b`)],
    [`${LINE_BREAKS}b`],
    true,
  ],
  'what doubles until no program can be started with it is none': [doubling(40), ['one'], true],
  'what is as long as a variable can be is one': [
    [literal('X', 'x'.repeat(131_072)), literal('B', 'piggy:$(X)')],
    ['x'.repeat(131_072)],
    true,
  ],
  'what comes from elsewhere may be any': [[A, elsewhere], ['A'], false],
  'what comes of the Pod itself is none': [[A, field], ['A'], true],
};

for (const [name, [env, keys, isComplete]] of Object.entries(environments)) {
  test(name, () => {
    assert.deepEqual(readReferences(env), { keys: new Set(keys), isComplete });
  });
}
