// Holds that an author who opts in is told wherever something is not injected as it must be: require-injection, by the real Kyverno CLI.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { kyvernoCli } from '../tools/go-tools.ts';
import { validatePods, type Pod } from '../tools/kyverno-cli.ts';

const policy = join(import.meta.dirname, 'require-injection.yaml');

const installer = { name: 'install-piggy-env', image: 'i', args: ['install', '/piggy'] };
const launcher = { name: 'app', image: 'i', command: ['/piggy/piggy-env'], args: ['--', 'app'] };
const reference = [{ name: 'A', value: 'piggy:A' }];
const notInjected = (names: string) =>
  `piggy: container ${names} may use a piggy: reference but was not injected; ` +
  'is the policy inject-secrets there and ready? (kubectl get mutatingpolicy)';

const notTheirs = (names: string) =>
  `piggy: container ${names} mounts the volume piggy-env or piggy-token, which are for injected containers only; remove the mount`;

const notFilled =
  'piggy: nothing puts the launcher into the volume piggy-env; image volumes need Kubernetes 1.35 or newer: ' +
  'set PIGGY_ENV_DELIVERY to "init-container" in the ConfigMap piggy';

/** What came out of admission → the refusal. */
const specs: Record<string, [spec: object, refusal: string | undefined]> = {
  'a wrapped container with a reference': [
    { containers: [{ ...launcher, env: reference }] },
    undefined,
  ],
  'an un-wrapped container without references': [
    { containers: [{ name: 'app', image: 'i', env: [{ name: 'A', value: 'a piggy:' }] }] },
    undefined,
  ],
  'un-wrapped containers of both kinds': [
    {
      initContainers: [{ name: 'init', image: 'i', env: reference }],
      containers: [launcher, { name: 'app2', image: 'i', envFrom: [{ secretRef: { name: 's' } }] }],
    },
    notInjected('init, app2'),
  ],
  'a reference that may be behind a Secret': [
    {
      containers: [
        {
          name: 'app',
          image: 'i',
          env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        },
      ],
    },
    notInjected('app'),
  ],
  'our init container, whose environment is its own': [
    { initContainers: [{ name: 'install-piggy-env', image: 'i' }], containers: [launcher] },
    undefined,
  ],
  'a launcher that an init container puts into the volume': [
    {
      initContainers: [{ name: 'install-piggy-env', image: 'i' }],
      containers: [launcher],
      volumes: [{ name: 'piggy-env', emptyDir: { medium: 'Memory' } }],
    },
    undefined,
  ],
  'a launcher in an image volume': [
    { containers: [launcher], volumes: [{ name: 'piggy-env', image: { reference: 'i' } }] },
    undefined,
  ],
  'an empty folder in place of an image volume': [
    { containers: [launcher], volumes: [{ name: 'piggy-env', emptyDir: {} }] },
    notFilled,
  ],
  'an empty folder in place of an image volume, for an init container': [
    {
      initContainers: [launcher],
      containers: [{ name: 'web', image: 'i' }],
      volumes: [{ name: 'piggy-env', emptyDir: {} }],
    },
    notFilled,
  ],
  'a volume of that name where nothing is wrapped': [
    { containers: [{ name: 'web', image: 'i' }], volumes: [{ name: 'piggy-env', emptyDir: {} }] },
    undefined,
  ],
  "an author's container with the name of ours, and a reference": [
    { initContainers: [{ ...installer, env: reference }], containers: [launcher] },
    notInjected('install-piggy-env'),
  ],
  "an author's container with the name of ours, and another command": [
    {
      initContainers: [{ name: 'install-piggy-env', image: 'i', command: ['a'], env: reference }],
      containers: [launcher],
    },
    notInjected('install-piggy-env'),
  ],
  'a container that is not wrapped and mounts the token': [
    {
      containers: [
        { ...launcher, volumeMounts: [{ name: 'piggy-token', mountPath: '/t', readOnly: true }] },
        {
          name: 'web',
          image: 'i',
          volumeMounts: [{ name: 'piggy-token', mountPath: '/t', readOnly: true }],
        },
      ],
    },
    notTheirs('web'),
  ],
  'a container that is not wrapped and mounts the token of one that is': [
    {
      containers: [
        launcher,
        { name: 'web', image: 'i', volumeMounts: [{ name: 'piggy-token-0', mountPath: '/t' }] },
      ],
      volumes: [
        {
          name: 'piggy-token-0',
          projected: {
            sources: [{ serviceAccountToken: { audience: 'piggysec.com/app', path: 't' } }],
          },
        },
      ],
    },
    notTheirs('web'),
  ],
  "an init container that is not wrapped and mounts the launcher's folder": [
    {
      initContainers: [
        {
          ...installer,
          volumeMounts: [{ name: 'piggy-env', mountPath: '/piggy' }],
        },
        { name: 'init', image: 'i', volumeMounts: [{ name: 'piggy-env', mountPath: '/piggy' }] },
      ],
      containers: [launcher],
    },
    notTheirs('init'),
  ],
  'what the earlier webhook made, which mounts the folder to be written': [
    {
      initContainers: [
        {
          ...installer,
          volumeMounts: [{ name: 'piggy-env', mountPath: '/piggy/' }],
        },
      ],
      containers: [{ ...launcher, volumeMounts: [{ name: 'piggy-env', mountPath: '/piggy/' }] }],
    },
    undefined,
  ],
  'a mount of such a name where nothing is wrapped': [
    {
      containers: [
        { name: 'web', image: 'i', volumeMounts: [{ name: 'piggy-env', mountPath: '/x' }] },
      ],
    },
    undefined,
  ],
  'a launcher with another command beside it': [
    { containers: [{ ...launcher, command: ['/piggy/piggy-env', '--'], env: reference }] },
    notInjected('app'),
  ],
};

const places: Record<
  string,
  [namespace: string, annotations: object, refusal: string | undefined]
> = {
  'an annotation whose prefix is in capitals': [
    'shop',
    { 'Piggysec.com/inject': 'true' },
    'piggy: annotation Piggysec.com/inject does not exist; write piggysec.com in lower case',
  ],
  'a Pod that opts in in a namespace that is left out': [
    'kube-system',
    { 'piggysec.com/inject': 'true' },
    'piggy: nothing is injected in namespace kube-system, which the policy inject-secrets leaves out; remove the piggysec.com annotations',
  ],
  'a Pod that opts out in a namespace that is left out': [
    'kube-system',
    { 'piggysec.com/inject': 'false' },
    undefined,
  ],
  'a Pod of a namespace that is left out': ['kube-system', { 'other.example/a': 'b' }, undefined],
};

/** Of a container without a reference. */
const allKeys: Record<string, [annotations: object, refusal: string | undefined]> = {
  'an un-wrapped container whose Pod lists sources of all keys': [
    { 'piggysec.com/env-from': '.' },
    notInjected('app'),
  ],
  'an un-wrapped container with sources of all keys of its own': [
    { 'piggysec.com/env-from.app': 'secret:shop/db' },
    notInjected('app'),
  ],
  'an un-wrapped container without sources of all keys': [
    { 'piggysec.com/env-from': '', 'piggysec.com/env-from.app': '' },
    undefined,
  ],
};

type Row = [
  name: string,
  pod: { readonly namespace: string; readonly annotations: object; readonly spec: object },
  refusal: string | undefined,
];
const rows: readonly Row[] = [
  ...Object.entries(specs).map(([name, [spec, refusal]]): Row => {
    const annotations = { 'piggysec.com/inject': 'true' };
    return [name, { namespace: 'shop', annotations, spec }, refusal];
  }),
  ...Object.entries(allKeys).map(([name, [annotations, refusal]]): Row => {
    const spec = { containers: [{ name: 'app', image: 'i' }] };
    return [name, { namespace: 'shop', annotations, spec }, refusal];
  }),
  ...Object.entries(places).map(([name, [namespace, annotations, refusal]]): Row => {
    const spec = { containers: [{ name: 'app', image: 'i', env: reference }] };
    return [name, { namespace, annotations, spec }, refusal];
  }),
];

let refusals: (string | undefined)[];

before(async () => {
  const pods = rows.map(([, { namespace, annotations, spec }], i): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, namespace, annotations },
    spec,
  }));
  refusals = await validatePods(await kyvernoCli(console.error), { policy, pods });
});

rows.forEach(([name, , expected], i) => {
  test(`${expected === undefined ? 'allows' : 'refuses'} ${name}`, () => {
    assert.equal(refusals[i], expected);
  });
});
