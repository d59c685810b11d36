import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertAsWritten,
  assertInjected,
  createVariants,
  describePod,
  type Pod,
} from './admitted-pods.ts';

const variants = createVariants('registry.example');
const written = describePod(variants.given, 7);
const [container] = written.spec.containers;
const launcher = { command: ['/piggy/piggy-env'], args: ['--', '/bin/server', 'serve'] };
const injected: Pod = {
  metadata: { ...written.metadata, annotations: { 'piggysec.com/inject': 'true', more: 'too' } },
  spec: {
    initContainers: [{ name: 'install-piggy-env' }],
    containers: [{ ...container, ...launcher, env: [...container.env, { name: 'PIGGY_UID' }] }],
  },
};
const { argv } = variants.given;

test('a Pod that opted in says so, and one that did not says nothing', () => {
  assert.deepEqual(written.metadata, {
    name: 'app-7',
    annotations: { 'piggysec.com/inject': 'true' },
  });
  assert.deepEqual(describePod(variants.other, 8).metadata, { name: 'app-8' });
});

test('each Pod of a new image has an image of its own, and no command', () => {
  const [one, other] = [1, 2].map(
    (number) => describePod(variants.unknown, number).spec.containers[0],
  );
  assert.deepEqual(
    [one?.image, other?.image],
    ['registry.example/new-1:v1', 'registry.example/new-2:v1'],
  );
  assert.deepEqual([one?.command, one?.env], [undefined, container.env]);
});

test('a Pod that was injected passes as such', () => {
  assertInjected(injected, argv);
});

const notInjected: Record<string, Pod> = {
  'a Pod as it was written': written,
  'one without the init container': { ...injected, spec: { containers: injected.spec.containers } },
  'one that runs something else': {
    ...injected,
    spec: { ...injected.spec, containers: [{ ...container, ...launcher, args: ['--', '/other'] }] },
  },
  'one that does not start through the launcher': {
    ...injected,
    spec: { ...injected.spec, containers: [{ ...container, args: launcher.args }] },
  },
};

for (const [what, pod] of Object.entries(notInjected)) {
  test(`${what} does not pass as injected`, () => {
    assert.throws(() => {
      assertInjected(pod, argv);
    }, /app-7 was not injected/);
  });
}

test('a Pod to which the API server added its defaults passes as it was written', () => {
  const withDefaults = { ...container, imagePullPolicy: 'IfNotPresent' };
  const spec = { ...written.spec, containers: [withDefaults] as const, restartPolicy: 'Always' };
  assertAsWritten({ ...written, spec }, written);
});

const changed: Record<string, Pod> = {
  'an injected Pod': injected,
  'a Pod with one annotation more': { ...written, metadata: injected.metadata },
  'a Pod with another image': {
    ...written,
    spec: { containers: [{ ...container, image: 'other' }] },
  },
  'a Pod with one variable more': {
    ...written,
    spec: {
      ...written.spec,
      containers: [{ ...container, env: [...container.env, { name: 'A' }] }],
    },
  },
  'a Pod with arguments': {
    ...written,
    spec: { ...written.spec, containers: [{ ...container, args: ['more'] }] },
  },
};

for (const [what, pod] of Object.entries(changed)) {
  test(`${what} does not pass as it was written`, () => {
    assert.throws(() => {
      assertAsWritten(pod, written);
    }, /app-7 (?:is not as it was|lost what was) written/);
  });
}
