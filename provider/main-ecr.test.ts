// An image in ECR, looked up by the real process: the password comes from moto, asked with the provider's own AWS identity.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestAuthority } from './testing/certificates.ts';
import { createQuestion, sealQuestion } from './testing/kyverno.ts';
import { startMoto, whyNoMoto } from './testing/moto.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { startProxy } from './testing/proxy.ts';
import { startRegistry } from './testing/registry.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.log(`skipped: ${reason}`);

const HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

test('an image in ECR is read with a password of AWS', { skip: reason ?? false }, async (t) => {
  const moto = await startMoto();
  t.after(() => moto.stop());
  const { origin, registry, authorities } = await startPrivateEcr();
  t.after(() => {
    rmSync(authorities, { recursive: true });
  });
  const files = await installProvider();
  t.after(files.remove);
  const provider = await startProvider({
    ...files.env,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: moto.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    HTTPS_PROXY: origin,
    PIGGY_REGISTRY_CA_DIRECTORY: authorities,
  });
  t.after(() => provider.stop());
  const image = `${HOST}/team/app:v1`;
  const answer = await fetch(`${provider.lookupUrl}/kyverno/v1/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: sealQuestion(createQuestion({ images: [image] }), files.admissionKey),
  });
  const { payload } = (await answer.json()) as { payload: string };
  const { images, errors } = JSON.parse(payload) as Record<string, Record<string, unknown>>;
  assert.deepEqual(errors, {});
  assert.deepEqual(Object.keys(images ?? {}), [image]);
  assert.ok(registry.requests.length > 0);

  /** The proxy leads to it. */
  async function startPrivateEcr() {
    const authority = await createTestAuthority();
    const { certificate: cert, privateKey: key } = await authority.issue(HOST);
    const registry = await startRegistry({
      certificate: { cert, key },
      // As moto gives it.
      access: { kind: 'basic', username: 'AWS', password: '123456789012-auth-token' },
    });
    t.after(registry.close);
    registry.addImage('team/app', 'v1', { entrypoint: ['/app'] });
    const proxy = await startProxy(new Map([[`${HOST}:443`, registry.host]]));
    t.after(proxy.close);
    const authorities = mkdtempSync(join(tmpdir(), 'authorities-'));
    writeFileSync(join(authorities, `${HOST}.crt`), authority.ca);
    return { origin: proxy.origin, registry, authorities };
  }
});
