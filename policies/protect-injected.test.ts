// Holds protect-injected by the real Kyverno CLI. The CLI knows no updates, so the test hands it both Pods in one object and
// reads `oldObject` as `object.old`; on a real API server e2e/ runs the policy as it is.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { kyvernoCli } from '../tools/go-tools.ts';
import { validatePods } from '../tools/kyverno-cli.ts';

const imageChanges = 'piggy: the image of an injected container cannot change; create a new Pod';
const ephemeralUses =
  'piggy: an ephemeral container cannot use the launcher, its variables, its token or its volume';

const joins =
  'piggy: an ephemeral container cannot join the processes of an injected container, whose environment holds secret values; leave ' +
  'out --target, or ask who runs piggy (policies.debuggersMayJoin)';

const sharedImages =
  'piggy: no image can change in a Pod whose containers see the processes of an injected one (shareProcessNamespace, hostPID); ' +
  'create a new Pod';
const sharedDebug =
  'piggy: an ephemeral container would see the processes of an injected one in this Pod (shareProcessNamespace, hostPID), whose ' +
  'environment holds secret values; debug a copy without references, or ask who runs piggy (policies.debuggersMayJoin)';

const installer = {
  name: 'install-piggy-env',
  image: 'piggy-env:v1',
  args: ['install', '/piggy'],
  volumeMounts: [{ name: 'piggy-env', mountPath: '/piggy' }],
};
const otherToken = {
  name: 'mine',
  projected: { sources: [{ serviceAccountToken: { audience: 'piggysec.com', path: 't' } }] },
};
const tokenOfContainer = {
  name: 'mine',
  projected: { sources: [{ serviceAccountToken: { audience: 'piggysec.com/app', path: 't' } }] },
};
const wrapped = {
  name: 'app',
  image: 'app:v1',
  command: ['/piggy/piggy-env'],
  args: ['--', 'app'],
};
const plain = { name: 'web', image: 'web:v1' };
const old = { containers: [wrapped, plain] };
const debug = { name: 'debug', image: 'busybox' };
const withToken = { ...plain, volumeMounts: [{ name: 'mine', mountPath: '/t' }] };
const letInBefore = [{ ...debug, command: ['/piggy/piggy-env'], targetContainerName: 'app' }];

const updates: Record<string, [before: object, after: object, refusal: string | undefined]> = {
  'an update that changes nothing': [old, old, undefined],
  'an update of a Pod whose launcher is in an image volume': [
    { ...old, volumes: [{ name: 'piggy-env', image: { reference: 'piggy-env:v1' } }] },
    { ...old, volumes: [{ name: 'piggy-env', image: { reference: 'piggy-env:v1' } }] },
    undefined,
  ],
  'another image of a wrapped container': [
    old,
    { containers: [{ ...wrapped, image: 'app:v2' }, plain] },
    imageChanges,
  ],
  'another image of a container that is not wrapped': [
    old,
    { containers: [wrapped, { ...plain, image: 'web:v2' }] },
    undefined,
  ],
  'another image of a wrapped init container': [
    { containers: [plain], initContainers: [wrapped] },
    { containers: [plain], initContainers: [{ ...wrapped, image: 'app:v2' }] },
    imageChanges,
  ],
  'a harmless ephemeral container': [old, { ...old, ephemeralContainers: [debug] }, undefined],
  'an ephemeral container that starts the launcher': [
    old,
    { ...old, ephemeralContainers: [{ ...debug, command: ['/piggy/piggy-env'] }] },
    ephemeralUses,
  ],
  'an ephemeral container with our variables': [
    old,
    { ...old, ephemeralContainers: [{ ...debug, env: [{ name: 'PIGGY_UID', value: 'x' }] }] },
    ephemeralUses,
  ],
  'an ephemeral container that mounts the token': [
    old,
    {
      ...old,
      ephemeralContainers: [{ ...debug, volumeMounts: [{ name: 'piggy-token', mountPath: '/t' }] }],
    },
    ephemeralUses,
  ],
  'an ephemeral container that mounts the launcher': [
    old,
    {
      ...old,
      ephemeralContainers: [{ ...debug, volumeMounts: [{ name: 'piggy-env', mountPath: '/t' }] }],
    },
    ephemeralUses,
  ],
  'another image of what brings the launcher': [
    { ...old, initContainers: [installer] },
    { ...old, initContainers: [{ ...installer, image: 'attacker:v1' }] },
    imageChanges,
  ],
  'an ephemeral container with another path to the launcher': [
    old,
    {
      ...old,
      ephemeralContainers: [{ ...debug, command: ['sh', '/proc/7/root/piggy/piggy-env'] }],
    },
    ephemeralUses,
  ],
  'an ephemeral container with variables from elsewhere': [
    old,
    { ...old, ephemeralContainers: [{ ...debug, envFrom: [{ configMapRef: { name: 'a' } }] }] },
    ephemeralUses,
  ],
  'an ephemeral container with a token of ours under another name': [
    { ...old, volumes: [otherToken] },
    {
      ...old,
      volumes: [otherToken],
      ephemeralContainers: [{ ...debug, volumeMounts: [{ name: 'mine', mountPath: '/t' }] }],
    },
    ephemeralUses,
  ],
  'an ephemeral container with the token of one container': [
    { ...old, volumes: [tokenOfContainer] },
    {
      ...old,
      volumes: [tokenOfContainer],
      ephemeralContainers: [{ ...debug, volumeMounts: [{ name: 'mine', mountPath: '/t' }] }],
    },
    ephemeralUses,
  ],
  'an ephemeral container with a volume of the application': [
    { ...old, volumes: [{ name: 'data', emptyDir: {} }, otherToken] },
    {
      ...old,
      volumes: [{ name: 'data', emptyDir: {} }, otherToken],
      ephemeralContainers: [{ ...debug, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    },
    undefined,
  ],
  'an ephemeral container that joins an injected container': [
    old,
    { ...old, ephemeralContainers: [{ ...debug, targetContainerName: 'app' }] },
    joins,
  ],
  'an ephemeral container that joins one that is not injected': [
    old,
    { ...old, ephemeralContainers: [{ ...debug, targetContainerName: 'web' }] },
    undefined,
  ],
  'an ephemeral container in a Pod whose containers share their processes': [
    { ...old, shareProcessNamespace: true },
    { ...old, shareProcessNamespace: true, ephemeralContainers: [debug] },
    sharedDebug,
  ],
  'an ephemeral container in a Pod that sees the processes of its node': [
    { ...old, hostPID: true },
    { ...old, hostPID: true, ephemeralContainers: [{ ...debug, targetContainerName: 'app' }] },
    sharedDebug,
  ],
  'an ephemeral container in a Pod that says that it shares nothing': [
    { ...old, shareProcessNamespace: false, hostPID: false },
    { ...old, shareProcessNamespace: false, hostPID: false, ephemeralContainers: [debug] },
    undefined,
  ],
  'another image of what sees the processes of a wrapped container': [
    { ...old, shareProcessNamespace: true },
    {
      containers: [wrapped, { ...plain, image: 'web:v2' }],
      shareProcessNamespace: true,
    },
    sharedImages,
  ],
  'another image of what has a token of ours': [
    { containers: [wrapped, withToken], volumes: [otherToken] },
    { containers: [wrapped, { ...withToken, image: 'web:v2' }], volumes: [otherToken] },
    imageChanges,
  ],
  'an update beside ephemeral containers that were let in before': [
    { ...old, shareProcessNamespace: true, ephemeralContainers: letInBefore },
    { ...old, shareProcessNamespace: true, ephemeralContainers: letInBefore },
    undefined,
  ],
  'another ephemeral container beside one that was let in before': [
    { ...old, ephemeralContainers: letInBefore },
    { ...old, ephemeralContainers: [...letInBefore, { ...letInBefore[0], name: 'more' }] },
    ephemeralUses,
  ],
  'another image where nothing is wrapped': [
    { containers: [plain] },
    {
      containers: [{ ...plain, image: 'web:v2' }],
      ephemeralContainers: [{ ...debug, command: ['/piggy/piggy-env'] }],
    },
    undefined,
  ],
};

const rows = Object.entries(updates);
const folder = mkdtempSync(join(tmpdir(), 'protect-injected-'));
let refusals: (string | undefined)[];

before(async () => {
  const policy = join(folder, 'policy.yaml');
  const text = readFileSync(join(import.meta.dirname, 'protect-injected.yaml'), 'utf8');
  writeFileSync(
    policy,
    text.replaceAll('oldObject.', 'object.old.').replace('[UPDATE]', '[CREATE]'),
  );
  const pods = rows.map(([, [before, after]], i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, namespace: 'shop' },
    spec: after,
    old: { spec: before },
  }));
  refusals = await validatePods(await kyvernoCli(console.error), { policy, pods });
});
after(() => {
  rmSync(folder, { recursive: true });
});

rows.forEach(([name, [, , expected]], i) => {
  test(`${expected === undefined ? 'allows' : 'refuses'} ${name}`, () => {
    assert.equal(refusals[i], expected);
  });
});
