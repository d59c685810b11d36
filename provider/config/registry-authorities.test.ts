import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { ConfigError } from './load-config.ts';
import { readRegistryAuthorities } from './registry-authorities.ts';

const folder = mkdtempSync(join(tmpdir(), 'registry-authorities-'));
after(() => {
  rmSync(folder, { recursive: true });
});
const { ca } = await createTestAuthority();

function folderWith(files: Record<string, string>): string {
  const path = mkdtempSync(join(folder, 'ca-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('no folder, no authorities', () => {
  assert.equal(readRegistryAuthorities(undefined).size, 0);
});

test('each file is the authority of the registry that it is named after; others do not count', () => {
  const path = folderWith({ 'registry.example:5000.crt': ca, 'ghcr.io.crt': ca, 'README.md': 'x' });
  mkdirSync(join(path, '..data.crt'));
  assert.deepEqual(
    readRegistryAuthorities(path),
    new Map([
      ['ghcr.io', ca],
      ['registry.example:5000', ca],
    ]),
  );
});

test('every file without a certificate is a mistake, by name', () => {
  const path = folderWith({ 'a.example.crt': 'no', 'b.example.crt': '', 'c.example.crt': ca });
  assert.throws(
    () => readRegistryAuthorities(path),
    (error) =>
      error instanceof ConfigError &&
      error.mistakes.length === 2 &&
      error.mistakes.every((mistake) => /[ab]\.example\.crt holds no certificate/.test(mistake)),
  );
});

test('a folder that is not there is a mistake', () => {
  assert.throws(() => readRegistryAuthorities(join(folder, 'nowhere')), {
    message: /nowhere cannot be read \(ENOENT\)/,
  });
});
