import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformCommand } from './image-config.ts';
import { matchesPlatform, selectCommand } from './platforms.ts';

const on = (architecture: string, entrypoint: string, variant?: string): PlatformCommand => ({
  platform: { os: 'linux', architecture, variant },
  entrypoint: [entrypoint],
  cmd: [],
});

test('platforms that agree have one command', () => {
  const command = selectCommand([on('amd64', '/a'), on('arm64', '/a')], []);
  assert.deepEqual(command, { entrypoint: ['/a'], cmd: [] });
});

test('entrypoint and cmd are compared apart', () => {
  const one = { ...on('amd64', '/a'), entrypoint: ['/a'], cmd: ['b'] };
  const other = { ...on('arm64', '/a'), entrypoint: ['/a', 'b'], cmd: [] };
  assert.throws(() => selectCommand([one, other], []), { code: 'platforms_disagree' });
});

test('platforms that disagree are settled by a nodeSelector', () => {
  assert.throws(() => selectCommand([on('amd64', '/a'), on('arm64', '/b')], []), {
    code: 'platforms_disagree',
    message:
      'runs different commands on linux/amd64, linux/arm64; ' +
      'add nodeSelector kubernetes.io/arch: amd64 or arm64, or set command',
  });
});

test('variants that disagree are settled by no nodeSelector', () => {
  const commands = [on('arm', '/a', 'v6'), on('arm', '/b', 'v7')];
  assert.throws(() => selectCommand(commands, ['arm']), {
    code: 'platforms_disagree',
    message: 'runs different commands on linux/arm/v6, linux/arm/v7; set command',
  });
});

test('an architecture that disagrees with itself is not proposed', () => {
  const commands = [on('arm', '/a', 'v6'), on('arm', '/b', 'v7'), on('amd64', '/a')];
  assert.throws(() => selectCommand(commands, []), {
    message: /kubernetes.io\/arch: amd64, or set/,
  });
});

test('a platform that is not there is named beside those that are', () => {
  const others = [on('amd64', '/a').platform, on('arm', '/a', 'v7').platform];
  assert.throws(() => selectCommand([], ['arm64'], others), {
    code: 'image_not_found',
    message: /^has nothing for linux\/arm64, only for linux\/amd64, linux\/arm\/v7; /,
  });
});

test('an image without any platform is refused', () => {
  assert.throws(() => selectCommand([], []), {
    code: 'image_not_found',
    message: /has nothing for linux;/,
  });
});

test('only Linux counts, of the architectures asked for', () => {
  const { platform } = on('arm64', '/a');
  assert.ok(matchesPlatform(platform, []));
  assert.ok(matchesPlatform(platform, ['amd64', 'arm64']));
  assert.ok(!matchesPlatform(platform, ['amd64']));
  assert.ok(!matchesPlatform({ ...platform, os: 'windows' }, []));
});
