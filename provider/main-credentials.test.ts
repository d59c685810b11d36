// The provider's own AWS credentials, held against the real process: sessions that end while it runs are renewed, and no launch
// notices.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startAws, type Aws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches, unlimitedLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider, type ProviderEnvironment } from './testing/provider-process.ts';

const LASTS_SECONDS = 4;
const ROLE_ARN = 'arn:aws:iam::123456789012:role/piggy';
const TOKEN = 'token-of-the-provider';

const kubernetes = await startKubernetesApi();
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, files);
const folder = mkdtempSync(join(tmpdir(), 'piggy-credentials-'));
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, TOKEN);

after(async () => {
  await Promise.all([kubernetes.stop(), launches.close()]);
  files.remove();
  rmSync(folder, { recursive: true });
});

const sources: Record<string, (aws: Aws) => ProviderEnvironment> = {
  IRSA: (aws) => {
    aws.putRole({ arn: ROLE_ARN, webIdentityToken: TOKEN, lastsSeconds: LASTS_SECONDS });
    return { AWS_ROLE_ARN: ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile };
  },
  'EKS Pod Identity': (aws) => {
    aws.putPodIdentityAgent({ token: TOKEN, lastsSeconds: LASTS_SECONDS });
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    };
  },
};

for (const [source, prepareSource] of Object.entries(sources)) {
  test(`sessions of ${source} that end one after the other fail no launch`, async (context) => {
    const aws = await startAws();
    context.after(() => aws.stop());
    aws.putSecret('shop/api', '{"A":"1"}');
    const provider = await startProvider({
      ...files.env,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: aws.url,
      PIGGY_SECRET_CACHE: '0s',
      PIGGY_SECRET_TIMEOUT: '1m',
      ...unlimitedLaunches,
      ...prepareSource(aws),
    });
    context.after(() => provider.stop());
    const launchAll = async () => {
      const prepared = Array.from({ length: 5 }, () => launches.prepare('shop/api'));
      const answers = await Promise.all(prepared.map((launch) => launch.ask(provider.launchUrl)));
      assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['ok']));
    };

    await launchAll();
    for (let ended = 0; ended < 3; ended += 1) {
      const endsMs = aws.sessions().at(-1)?.expiresMs ?? 0;
      while (Date.now() <= endsMs) await launchAll();
    }

    const asked = aws.requests.filter(({ target }) => target === 'secretsmanager.GetSecretValue');
    const used = new Set(asked.map(({ session }) => session));
    assert.ok(!used.has(undefined), 'AWS was asked without a session');
    assert.ok(used.size > 3, `${used.size} sessions`);
  });
}
