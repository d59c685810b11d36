import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { parseImageConfig } from './image-config.ts';

const parse = (document: unknown) => parseImageConfig(Buffer.from(JSON.stringify(document)));

const commands: Record<string, [config: unknown, entrypoint: string[], cmd: string[]]> = {
  'both lists': [{ Entrypoint: ['/app'], Cmd: ['serve', ''] }, ['/app'], ['serve', '']],
  'an entrypoint alone': [{ Entrypoint: ['/app'] }, ['/app'], []],
  'a cmd alone': [{ Cmd: ['sh', '-c', 'a "b" $c'] }, [], ['sh', '-c', 'a "b" $c']],
  'null for both': [{ Entrypoint: null, Cmd: null }, [], []],
  'empty lists': [{ Entrypoint: [], Cmd: [] }, [], []],
  nothing: [{}, [], []],
  'an empty config': [undefined, [], []],
  'null in place of a config': [null, [], []],
};

for (const [name, [config, entrypoint, cmd]] of Object.entries(commands)) {
  test(`reads ${name}`, () => {
    const command = parse({ os: 'linux', architecture: 'arm64', variant: 'v8', config });
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    assert.deepEqual(command, { platform, entrypoint, cmd });
  });
}

test('reads a command that just fits', () => {
  const cmd = ['x'.repeat(131_072 - JSON.stringify([['/app'], ['']]).length)];
  assert.deepEqual(parse({ config: { Entrypoint: ['/app'], Cmd: cmd } }).cmd, cmd);
});

test('an image that does not name its platform is linux/amd64', () => {
  const { platform } = parse({ os: '', config: {} });
  assert.deepEqual(platform, { os: 'linux', architecture: 'amd64', variant: undefined });
});

test('of a platform no more is read than a node could be named', () => {
  const { platform } = parse({ os: 'x'.repeat(1_000), architecture: 'a'.repeat(64), config: {} });
  assert.deepEqual(platform, {
    os: `${'x'.repeat(63)}…`,
    architecture: 'a'.repeat(64),
    variant: undefined,
  });
});

const refused: Record<string, [document: unknown, message: RegExp]> = {
  'a text as entrypoint': [{ config: { Entrypoint: '/app' } }, /its entrypoint is not a list/],
  'numbers in cmd': [{ config: { Cmd: [1] } }, /its cmd is not a list of strings/],
  'more than a process takes': [
    { config: { Entrypoint: ['/app'], Cmd: ['x'.repeat(131_072)] } },
    /its entrypoint and cmd are longer than 131072 bytes/,
  ],
  'more than a process takes, in bytes': [
    { config: { Entrypoint: ['/app'], Cmd: ['é'.repeat(65_536)] } },
    /its entrypoint and cmd are longer than 131072 bytes/,
  ],
  'a NUL byte': [{ config: { Cmd: ['a\0b'] } }, /its cmd holds a NUL byte/],
  'a config that is a list': [{ config: [] }, /image config is malformed/],
  'a document that is a list': [[], /image config is malformed/],
};

for (const [name, [document, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parse(document), { code: 'image_unreadable', message });
  });
}

test('any document is read or refused', () => {
  const config = fc.record(
    { Entrypoint: fc.jsonValue(), Cmd: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const documents = fc.oneof(
    fc.json(),
    fc.string(),
    config.map((some) => JSON.stringify({ config: some })),
  );
  fc.assert(
    fc.property(documents, (document) => {
      try {
        const { entrypoint, cmd } = parseImageConfig(Buffer.from(document));
        for (const argument of [...entrypoint, ...cmd]) assert.equal(typeof argument, 'string');
      } catch (error) {
        assert.ok(error instanceof ProviderError && error.code === 'image_unreadable');
      }
    }),
    { numRuns: 1_000 },
  );
});
