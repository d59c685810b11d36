// What a registry can make a lookup cost that does not wish it well: no more than its time, and 20 MB.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { LookupReport } from '../testing/lookup-process.ts';
import { createDocument, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../testing/registry-images.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

// 20 MB, and as much again for what a process grows by on its own; each of these would cost hundreds.
const MAX_GROWN_BYTES = 40_000_000;
const MiB = 1_048_576;

/** As it is measured on a process that does nothing else. */
async function lookUp(origin: string): Promise<LookupReport> {
  const script = join(import.meta.dirname, '../testing/lookup-process.ts');
  const args = ['--expose-gc', script, origin, 'good:v1', 'hostile:v1'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as LookupReport;
}

const manifest = (body: string | Buffer, headers: Record<string, string> = {}) => ({
  status: 200,
  headers: { 'content-type': OCI_MANIFEST, ...headers },
  body,
});

/** Each with one config of 4 MiB, which says that it is for a platform of its own. */
function addHugePlatforms(registry: TestRegistry, count: number): void {
  const manifests = Array.from({ length: count }, (_, number) => {
    const architecture = `arch${number}`;
    const padding = ' '.repeat(4 * MiB - 100);
    const text = JSON.stringify({ architecture, os: 'linux', config: {} }) + padding;
    const digest = registry.addBlob('hostile', text);
    const config = { mediaType: OCI_CONFIG, digest, size: text.length };
    const content = { mediaType: OCI_MANIFEST, config, layers: [] };
    const document = createDocument(OCI_MANIFEST, content);
    registry.addManifest('hostile', architecture, { contentType: OCI_MANIFEST, content });
    const platform = { os: 'linux', architecture };
    const size = document.bytes.length;
    return { mediaType: OCI_MANIFEST, digest: document.digest, size, platform };
  });
  const content = { mediaType: OCI_INDEX, manifests };
  registry.addManifest('hostile', 'v1', { contentType: OCI_INDEX, content });
}

const heavy: Record<string, [prepare: (registry: TestRegistry) => void, code: string]> = {
  'a body without an end': [
    (registry) => {
      registry.answerEndlessly(/hostile/, OCI_MANIFEST);
    },
    'image_unreadable',
  ],
  'a body that unfolds to 200 MB': [
    (registry) => {
      const body = gzipSync(Buffer.alloc(200 * MiB, ' '));
      registry.answerNext(Infinity, /hostile/, manifest(body, { 'content-encoding': 'gzip' }));
    },
    'image_unreadable',
  ],
  'four million objects': [
    (registry) => {
      const content = `{"manifests":[${'{},'.repeat(1_390_000)}{}]}`;
      registry.answerNext(Infinity, /hostile/, manifest(content));
    },
    'image_unreadable',
  ],
  'sixty platforms with configs of 4 MiB': [
    (registry) => {
      addHugePlatforms(registry, 60);
    },
    'image_unreadable',
  ],
  'headers of a megabyte': [
    (registry) => {
      const headers = { 'x-long': 'x'.repeat(MiB) };
      registry.answerNext(Infinity, /hostile/, manifest('{}', headers));
    },
    'registry_unavailable',
  ],
  'redirects in a circle': [
    (registry) => {
      registry.redirect(/hostile/, registry.origin);
    },
    'registry_unavailable',
  ],
};

for (const [name, [prepare, code]] of Object.entries(heavy)) {
  test(`a registry that sends ${name} is refused, and costs little memory`, async () => {
    const registry = await startRegistry();
    closings.push(registry.close);
    registry.addImage('good', 'v1', { entrypoint: ['/app'] });
    prepare(registry);
    const report = await lookUp(registry.origin);
    assert.equal(report.code, code);
    assert.ok(report.grownBytes < MAX_GROWN_BYTES, `grown by ${report.grownBytes} bytes`);
  });
}

const slow: Record<string, (registry: TestRegistry) => void> = {
  'one byte after the other': (registry) => {
    registry.answerSlowly(/manifests/, OCI_MANIFEST);
  },
  'its token one byte after the other': (registry) => {
    const challenge = `Bearer realm="${registry.origin}/token"`;
    const headers = { 'www-authenticate': challenge };
    registry.answerNext(Infinity, /manifests/, { status: 401, headers });
    registry.answerSlowly(/token/, 'application/json');
  },
  nothing: (registry) => {
    registry.neverAnswer(/./);
  },
  'a request for patience, again and again': (registry) => {
    registry.answerNext(Infinity, /./, { status: 503, headers: { 'retry-after': '1' } });
  },
};

for (const [name, prepare] of Object.entries(slow)) {
  test(`a registry that sends ${name} is given up at the end of the lookup's time`, async () => {
    const registry = await startRegistry();
    const settings = { requestTimeoutMs: 400, lookupTimeoutMs: 200 };
    const { read, close } = createTestReader([registry.origin], { settings });
    closings.push(close, registry.close);
    prepare(registry);
    await assert.rejects(read(`${registry.host}/app:v1`), {
      code: 'registry_unavailable',
      message: /not read within 0.2 s/,
    });
  });
}
