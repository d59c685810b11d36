// What the doctor says of one Pod, as it goes on from its annotations to its values.

import type { V1Pod } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import { parseSecretString, selectValues } from '../secrets/values.ts';
import { injectedPod } from '../testing/injected-pod.ts';
import { createPodExplainer, type PodExplainerDependencies } from './explain-pod.ts';
import { renderText } from './finding.ts';

const rules: AccessPolicy['rules'] = [
  {
    name: 'shared',
    namespaces: ['shop'],
    secrets: ['shared/*'],
    roleArn: 'arn:aws:iam::123456789012:role/shared',
  },
];
const NOBODY_WAITS = new AbortController().signal;

const dependencies: PodExplainerDependencies = {
  readImageConfig: ({ reference }) =>
    reference === 'gone'
      ? Promise.reject(new ProviderError('image_not_found', 'registry docker.io: 404 for gone'))
      : Promise.resolve({ entrypoint: reference === 'empty' ? [] : ['/bin/app'], cmd: [] }),
  readSources: (questions) => {
    const references = questions.flatMap((question) => question.references);
    const [{ source } = assert.fail('nothing is asked for')] = questions;
    if (source.kind === 'secretsManager' && source.secretId === 'shop/missing') {
      return Promise.reject(
        new ProviderError('secret_not_found', 'secret shop/missing does not exist'),
      );
    }
    return Promise.resolve(selectValues(parseSecretString('{"A":"canary-0a1b2c"}'), references));
  },
  accessPolicy: { rules, accessDefault: 'namespace', prefix: '' },
  defaults: {
    launchWindowMs: 120_000,
    enforceIntegrity: true,
    enforceServiceAccount: false,
    annotationsMayWeaken: false,
    region: 'eu-west-1',
  },
  settings: {},
  ownNamespace: 'piggy-system',
};

type Manifest = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: object;
};

/** Of a Pod that no API server has seen yet. */
function manifest({ annotations = { 'piggysec.com/inject': 'true' }, container }: Manifest): V1Pod {
  const app = {
    name: 'app',
    image: 'app',
    command: ['/app'],
    env: [{ name: 'A', value: 'piggy:A' }],
  };
  const pod: unknown = {
    metadata: { namespace: 'shop', name: 'api', annotations },
    spec: { serviceAccountName: 'api', containers: [{ ...app, ...container }] },
  };
  return pod as V1Pod;
}

const named = (secret: string) => ({ annotations: { 'piggysec.com/aws-secret-name': secret } });
/** As the API server has it; that its containers run does not matter here. */
function injected(env: Readonly<Record<string, string>>, more: object = {}): V1Pod {
  const { pod } = injectedPod({
    env: { A: 'piggy:A', PIGGY_AWS_SECRET_NAME: 'shop/api', ...env },
    metadata: { annotations: { 'piggysec.com/inject': 'true' } },
    ...more,
  });
  return { ...pod, status: undefined } as unknown as V1Pod;
}

const cases: Record<string, [pod: V1Pod, lines: RegExp[]]> = {
  'a manifest that is right': [
    manifest({}),
    [
      /^ok +pod shop\/api +it would be injected: app/,
      /^ok +app: launch command +\["\/app"\]$/,
      /^ok +app: secret +secret shop\/api \(AWSCURRENT\) in eu-west-1$/,
      /^ok +app: access +service account shop:api may read it by: default namespace$/,
      /^ok +app: values +the secret can be read and has A$/,
    ],
  ],
  'one that did not opt in': [
    manifest({ annotations: {} }),
    [/^ok +pod shop\/api +it is not injected: it has no annotation/],
  ],
  'one without a reference': [manifest({ container: { env: [] } }), [/^ok .*none is wrapped$/]],
  'one whose image is asked': [
    manifest({ container: { command: undefined, args: ['serve'] } }),
    [/./, /^ok .*\["\/bin\/app","serve"\]$/, /./, /./, /./],
  ],
  'one whose image is not there': [
    manifest({ container: { image: 'gone', command: undefined } }),
    [/./, /^fails .*404 for gone → set command/, /./, /./, /./],
  ],
  'one whose image says nothing to run': [
    manifest({ container: { image: 'empty', command: undefined } }),
    [/./, /^fails .*image empty defines neither entrypoint nor cmd → set command$/, /./, /./, /./],
  ],
  'one with two secrets and a parameter': [
    manifest({
      container: {
        env: [
          { name: 'A', value: 'piggy:A' },
          { name: 'B', value: 'piggy:secret:shared/db#A?stage=AWSPREVIOUS' },
          { name: 'C', value: 'piggy:parameter:/shop/url?version=3' },
          { name: 'D', value: 'piggy:key:NONE?optional' },
        ],
      },
    }),
    [
      /./,
      /./,
      /^ok .*secret shop\/api \(AWSCURRENT\) in eu-west-1; secret shared\/db \(AWSPREVIOUS\) in eu-west-1; parameter \/shop\/url:3 in eu-west-1$/,
      /^ok .*may read what piggy:A names by: default namespace; .*may read what piggy:secret:shared\/db#A names by: shared, as AWS role arn:/,
      /^ok .*the secrets can be read and have A, .*; not there, and need not be: key:NONE\?optional$/,
    ],
  ],
  'one with all keys of two secrets': [
    manifest({
      annotations: { 'piggysec.com/env-from.app': '., secret:shared/db?prefix=DB_' },
      container: { env: [] },
    }),
    [
      /^ok .*it would be injected: app/,
      /./,
      /^ok .*secret shop\/api \(AWSCURRENT\) in eu-west-1; secret shared\/db \(AWSCURRENT\) in eu-west-1$/,
      /^ok .*may read what piggy:all:\. names by: default namespace; .*may read what piggy:all:secret:shared\/db names by: shared/,
      /^ok .*the secrets can be read and have all:\., all:secret:shared\/db\?prefix=DB_$/,
    ],
  ],
  'one whose variable asks for all keys': [
    manifest({ container: { env: [{ name: 'A', value: 'piggy:all:.' }] } }),
    [/./, /./, /^fails .*piggy:all:\.: all keys are no value of a variable/],
  ],
  'one with a second secret of another team': [
    manifest({
      container: {
        env: [
          { name: 'A', value: 'piggy:A' },
          { name: 'B', value: 'piggy:parameter:/bank/url' },
        ],
      },
    }),
    [/./, /./, /^ok /, /^fails .*may not read parameter \/bank\/url/],
  ],
  'one with a reference that is wrong': [
    manifest({ container: { env: [{ name: 'A', value: 'piggy:secret:shop/db?region=x' }] } }),
    [
      /./,
      /./,
      /^fails .*piggy:secret:shop\/db\?region=x: it has an option that does not exist here/,
    ],
  ],
  "another team's secret": [
    manifest(named('bank/api')),
    [
      /./,
      /./,
      /./,
      /^ok .*default namespace allow-list, if its PIGGY_ALLOWED_SA names it$/,
      /^ok /,
    ],
  ],
  'a parameter path that no rule opens': [
    manifest({ annotations: { 'piggysec.com/aws-ssm-parameter-path': '/bank' } }),
    [/./, /./, /parameters under \/bank in/, /^fails +app: access .*ConfigMap piggy-access/],
  ],
  'a secret that a rule opens with a role': [
    manifest(named('shared/db')),
    [
      /./,
      /./,
      /./,
      /may read it by: shared, as AWS role arn:aws:iam::123456789012:role\/shared$/,
      /./,
    ],
  ],
  'a secret that is not there': [
    manifest(named('shop/missing')),
    [
      /./,
      /./,
      /./,
      /./,
      /^fails +app: values +secret_not_found: secret shop\/missing does not exist/,
    ],
  ],
  'a key that is not there': [
    manifest({ container: { env: [{ name: 'B', value: 'piggy:B' }] } }),
    [
      /./,
      /./,
      /./,
      /./,
      /^fails +app: values +the secret has no key for B; it is a JSON object with 1 other key: .* → /,
    ],
  ],
  'references that only the launcher will see': [
    manifest({ container: { env: [], envFrom: [{ secretRef: { name: 's' } }] } }),
    [/./, /./, /./, /./, /^ok .*stand in ConfigMaps or Secrets$/],
  ],
  'a setting that does not parse': [
    manifest({ annotations: { 'piggysec.com/aws-region': 'Ireland' } }),
    [/./, /./, /^fails +app: secret +annotation piggysec.com\/aws-region: "Ireland"/],
  ],
  'a standalone Pod': [
    manifest({ annotations: { 'piggysec.com/standalone': 'true' } }),
    [/./, /./, /./, /^not checked +app: access +the Pod is standalone/],
  ],
  'a Pod that was injected': [
    injected({}),
    [
      /^ok +pod shop\/api-0 +it was injected: app$/,
      /^ok +app: launch command +\["\/app","serve"\]$/,
      /secret shop\/api/,
      /may read/,
      /^ok .*has A$/,
    ],
  ],
  'an injected Pod whose text has dollars': [
    injected({}, { args: ['/app', '$$(A)'] }),
    [/./, /\["\/app","\$\(A\)"\]$/, /./, /./, /./],
  ],
  'an injected standalone Pod': [
    injected({ PIGGY_STANDALONE: 'true' }),
    [/./, /./, /./, /^not checked /],
  ],
  'a Pod that was there before the policy': [
    injected(
      {},
      { container: { command: ['/app'], args: [], env: [{ name: 'A', value: 'piggy:A' }] } },
    ),
    [
      /^fails +pod .*app may hold a piggy: reference and was not wrapped → delete the Pod/,
      /./,
      /./,
      /./,
      /./,
    ],
  ],
};

for (const [name, [pod, lines]] of Object.entries(cases)) {
  test(`explains ${name}`, async () => {
    const text = renderText(await createPodExplainer(dependencies)(pod, NOBODY_WAITS));
    const written = text.trimEnd().split('\n');
    assert.equal(written.length, lines.length, text);
    lines.forEach((line, i) => {
      assert.match(written[i] ?? '', line);
    });
    assert.ok(!text.includes('0a1b2c'));
  });
}

test('a container that somebody wrote as if it were wrapped is told to be made anew', async () => {
  const pod = injected({}, { container: { args: ['/app'] } });
  const text = renderText(await createPodExplainer(dependencies)(pod, NOBODY_WAITS));
  assert.match(text, /^fails +app: launch command +container app does not start through/m);
});
