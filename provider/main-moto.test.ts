// Real input through the real process: what teams keep in Secrets Manager and Parameter Store, put into moto, comes out of
// the secret endpoint as the application is to see it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Agent, request } from 'undici';
import { signArgv } from './launches/signature.ts';
import { injectedPod } from './testing/injected-pod.ts';
import { startKubernetesApi, type KubernetesApi } from './testing/kubernetes-api.ts';
import { startMoto, whyNoMoto, type Moto } from './testing/moto.ts';
import { installProvider, type ProviderInstallation } from './testing/provider-installation.ts';
import { startProvider, type ProviderProcess } from './testing/provider-process.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.log(`skipped: ${reason}`);

const region = 'eu-west-1';
const pem = '-----BEGIN KEY-----\nabc\n-----END KEY-----\n';
const json = `{
  "TEXT": "pa$$ \\"word\\"", "PORT": 5432, "HUGE": 1e400, "LONG": 12345678901234567890, "ON": true, "NOTHING": null,
  "db": {"password": "inner", "hosts": ["a", {"b": 1.50}]}, "GRUSS": "grüße 🐷", "PEM": ${JSON.stringify(pem)},
  "BIG": "${'x'.repeat(60_000)}", "with.dot": "dotted", "with-dash": "dashed", "PIGGY_SECRET": "never"
}`;
const binary = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const text64k = 'y'.repeat(65_536);

type Source = Record<string, string>;
const secret = (name: string): Source => ({ PIGGY_AWS_SECRET_NAME: name });
const parameters = (path: string): Source => ({ PIGGY_AWS_SSM_PARAMETER_PATH: path });

const version = (text: string): Source => ({
  ...secret('shop/versions'),
  PIGGY_AWS_SECRET_VERSION: text,
});
const rdsSecret = 'rds!cluster-1fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a';
const terraformId = 'terraform-20240131235959012300000001';
const longLabel = 'the-release-of-the-last-day-of-january';

/** reference → value; undefined where it is to be missing. */
type Values = Record<string, string | undefined>;

const cases: Record<string, [source: Source, values: Values]> = {
  'a JSON secret, each value as it is written': [
    secret('shop/json'),
    {
      TEXT: 'pa$$ "word"',
      PORT: '5432',
      HUGE: '1e400',
      LONG: '12345678901234567890',
      ON: 'true',
      NOTHING: '',
      db: '{"password":"inner","hosts":["a",{"b":1.50}]}',
      'db.password': 'inner',
      GRUSS: 'grüße 🐷',
      PEM: pem,
      BIG: 'x'.repeat(60_000),
      'with.dot': 'dotted',
      'with-dash': 'dashed',
      PIGGY_SECRET: undefined,
      ABSENT: undefined,
    },
  ],
  'plain text of 64 KiB': [secret('shop/text'), { '.': text64k, KEY: undefined }],
  'a secret that RDS owns': [secret(rdsSecret), { PASSWORD: 'made by RDS' }],
  'a version by an id of Terraform': [version(terraformId), { A: 'by Terraform' }],
  'a version by a staging label that is as long as an id': [version(longLabel), { A: 'labelled' }],
  'a binary secret': [secret('shop/binary'), { '.': Buffer.from(binary).toString('base64') }],
  'a path of 23 parameters, over pages': [
    parameters('/shop/api'),
    {
      ...Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`KEY_${i}`, `value ${i}`])),
      SECURE: 'decrypted',
      LIST: 'a,b,c',
      ABSENT: undefined,
    },
  ],
};

suite('real input', { skip: reason ?? false }, () => {
  let moto: Moto;
  let kubernetes: KubernetesApi;
  let files: ProviderInstallation;
  let provider: ProviderProcess;
  let launcher: Agent;

  before(async () => {
    [moto, kubernetes] = await Promise.all([startMoto(), startKubernetesApi()]);
    await fillAws(moto.url);
    files = await installProvider({ kubernetes });
    const rulesFile = join(files.tlsDirectory, '../access.yaml');
    writeFileSync(
      rulesFile,
      'rules: [{ name: databases, namespaces: [shop], secrets: ["rds!*"] }]',
    );
    provider = await startProvider({
      ...files.env,
      // A busy machine is no reason to fail.
      PIGGY_SECRET_TIMEOUT: '1m',
      AWS_ENDPOINT_URL: moto.url,
      AWS_REGION: region,
      PIGGY_ACCESS_RULES_FILE: rulesFile,
      // A default like any other, though its name has a character that only secrets of AWS services have.
      AWS_SECRET_NAME: rdsSecret,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    launcher = new Agent({ connect: { ca: files.ca } });
  });
  after(async () => {
    const said = provider.output();
    await Promise.all([provider.stop(), moto.stop(), kubernetes.stop(), launcher.close()]);
    files.remove();
    for (const value of [
      'made by RDS',
      'by Terraform',
      'labelled',
      'pa$$',
      'inner',
      'grüße',
      'decrypted',
      text64k,
    ]) {
      assert.ok(!said.includes(value), said);
    }
  });

  for (const [name, [source, values]] of Object.entries(cases)) {
    test(name, async () => {
      const { status, body } = await launch(source, Object.keys(values));
      assert.equal(status, 200, JSON.stringify(body));
      const present = Object.entries(values).filter(([, value]) => value !== undefined);
      const missing = Object.keys(values).filter((key) => values[key] === undefined);
      const { hint, ...selected } = body as Record<string, unknown>;
      assert.deepEqual(selected, { values: Object.fromEntries(present), missing });
      assert.equal(typeof hint, missing.length > 0 ? 'string' : 'undefined');
    });
  }

  async function launch(source: Source, references: string[]) {
    const env = Object.fromEntries(references.map((key, i) => [`VARIABLE_${i}`, `piggy:${key}`]));
    const name = `pod-${Object.values(source).join('').replaceAll(/[/!]/g, '-')}`;
    const { uid, pod } = injectedPod({ name, env: { ...env, ...source } });
    const bound = { name, uid: pod.metadata.uid };
    kubernetes.putPod(pod);
    const token = kubernetes.mintToken({ namespace: 'shop', serviceAccount: 'api', pod: bound });
    const signature = signArgv(['/app', 'serve']);
    const answer = await request(`${provider.launchUrl}/v1/secret`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ uid, signature, references }),
      dispatcher: launcher,
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  }
});

async function fillAws(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const secretsManager = new SecretsManagerClient({ region, endpoint, credentials });
  const parameterStore = new SSMClient({ region, endpoint, credentials });
  const secrets = [
    { Name: 'shop/json', SecretString: json },
    { Name: 'shop/text', SecretString: text64k },
    { Name: 'shop/binary', SecretBinary: binary },
    { Name: rdsSecret, SecretString: '{"PASSWORD":"made by RDS"}' },
    { Name: 'shop/versions', SecretString: '{"A":"first"}' },
  ];
  for (const input of secrets) await secretsManager.send(new CreateSecretCommand(input));
  const versions = [
    { SecretString: '{"A":"by Terraform"}', ClientRequestToken: terraformId },
    { SecretString: '{"A":"labelled"}', VersionStages: [longLabel] },
    { SecretString: '{"A":"last"}' },
  ];
  for (const input of versions) {
    await secretsManager.send(new PutSecretValueCommand({ SecretId: 'shop/versions', ...input }));
  }
  const all = [
    ...Array.from({ length: 21 }, (_, i) => ['String', `deep/KEY_${i}`, `value ${i}`] as const),
    ['SecureString', 'SECURE', 'decrypted'] as const,
    ['StringList', 'LIST', 'a,b,c'] as const,
  ];
  for (const [Type, name, Value] of all) {
    await parameterStore.send(new PutParameterCommand({ Name: `/shop/api/${name}`, Type, Value }));
  }
}
