// What holds for every text of a reference: which secrets and parameters it can reach.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { createSourcesReader } from '../secrets/read-sources.ts';
import { launchContainer } from '../testing/container-launch.ts';
import { anyReference } from '../testing/reference-vectors.ts';

/** Clients that only say what was asked of AWS, and under which name. */
function recordAsked() {
  const asked: string[] = [];
  const record = (what: string) => {
    asked.push(what);
    return Promise.reject(new ProviderError('secret_not_found', 'nothing is here'));
  };
  const read = createSourcesReader({
    readSecretVersion: ({ secretId }) => record(`secret ${secretId}`),
    readParameters: ({ path }) => record(`path ${path}`),
    readNamedParameters: ({ parameters }) => {
      asked.push(...parameters.map(({ id }) => `parameter ${id}`));
      return Promise.resolve({ found: new Map(), size: 0 });
    },
  });
  return { read, asked };
}

// Written without the code that it judges: what may be asked for, by its text alone. The lists of who may read are asked for by
// us, beside a parameter, and no reference can name one. An ARN may end in six characters of AWS, which are looked at again by
// the name that AWS answers.
const ALLOWED =
  /^(?:path \/shop|(?:secret|parameter) (?:arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:(?:secret:|parameter\/)|\/?)(?:shop|shared)(?:-[A-Za-z0-9]{6})?(?:\/.*)?|parameter .*\bPIGGY_ALLOWED_SA)$/;

test('no text of a reference reaches a secret or parameter that no rule allows, whatever is escaped in it', async () => {
  let reached = 0;
  const property = fc.asyncProperty(
    fc.array(anyReference, { minLength: 1, maxLength: 4 }),
    async (texts) => {
      const { read, asked } = recordAsked();
      const rules = [
        {
          name: 'shared',
          namespaces: ['shop'],
          secrets: ['shared/**', '/shared/**'],
          parameterPaths: ['/shared/**'],
        },
        {
          name: 'own',
          namespaces: ['shop'],
          secrets: ['shop/**', '/shop/**'],
          parameterPaths: ['/shop/*/**'],
        },
      ];
      await launchContainer(texts, { read, access: { rules, accessDefault: 'deny', prefix: '' } });
      for (const one of asked) assert.match(one, ALLOWED);
      reached += asked.length;
    },
  );
  await fc.assert(property, { numRuns: 1500 });
  assert.ok(reached > 100, `${reached}`);
});
