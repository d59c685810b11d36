// Replay: whoever gets hold of a token, a uid, or a shell in a running container gets no values for it; and a container
// that really starts again gets them again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askForSecret, launchOf, type Question, replicas, tokenOf } from '../ask-for-secret.ts';
import { type EphemeralContainer, saidBy } from '../ephemeral-containers.ts';
import { images } from '../images.ts';
import { apply, kubectl, refusalInContainer } from '../kubectl.ts';
import { podOf, readPod, statusOf, telling, told } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';
import { tells } from '../tells.ts';

const password = canary();
const reference = { DB_PASSWORD: 'piggy:DB_PASSWORD' };
const references = ['DB_PASSWORD'];
// The most that one replica answers for one start: the first, and two repeats for answers that got lost.
const MOST_ANSWERS = 3;

const { namespace } = openScenario('asked-again', async (namespace) => {
  await createSecret(`${namespace}/db`, { DB_PASSWORD: password, OTHER: canary() });
  const annotations = { 'aws-secret-name': `${namespace}/db` };
  const app = {
    initContainers: [telling('first', reference, 0)],
    containers: [telling('app', reference), telling('crashes', reference, 1)],
    // Its process ignores SIGTERM, so that there is time to ask while it is being deleted.
    terminationGracePeriodSeconds: 300,
  };
  // Its launcher waits before it asks, so that all of its window is left to others.
  const late = { containers: [telling('app', reference)] };
  await apply(
    podOf({ name: 'app', namespace, annotations, spec: app }),
    podOf({
      name: 'late',
      namespace,
      annotations: { ...annotations, 'piggy-initial-delay': '10m' },
      spec: late,
    }),
  );
  const isRunning = ({ state }: { state: { running?: object } }) => state.running !== undefined;
  await statusOf({ pod: 'late', container: 'app', namespace }, 'runs', isRunning);
  await told({ pod: 'app', container: 'app', namespace });
});
const inNamespace = `--namespace=${namespace}`;
const beside = { pod: 'app', namespace };

/** What it is given as arguments: the body, and the addresses of the replicas. */
const asksWithEveryToken = `
  import { readFileSync } from 'node:fs';
  const [body, ...replicas] = process.argv.slice(1);
  const bearer = (file) => ({ authorization: 'Bearer ' + readFileSync(file, 'utf8').trim() });
  const headers = {
    'no token': {},
    "the service account's": bearer('/var/run/secrets/kubernetes.io/serviceaccount/token'),
    "the launcher's": bearer('/proc/1/root/var/run/secrets/piggysec.com/token'),
  };
  for (const [whose, token] of Object.entries(headers)) {
    for (const replica of replicas) {
      const question = { method: 'POST', headers: { 'content-type': 'application/json', ...token }, body };
      const answer = await fetch('https://' + replica + ':8443/v1/secret', question);
      const { code } = await answer.json();
      console.log('with ' + whose + ': ' + answer.status + ' ' + code);
    }
  }
`;

/** What the Pod's own launcher would ask for one of its containers. */
async function questionOf(pod: string, container: string): Promise<Question> {
  const token = await tokenOf(pod, 'app', namespace);
  return { token, ...launchOf(await readPod(pod, namespace), container), references };
}

async function ask(question: Question): Promise<string> {
  const [replica = ''] = await replicas();
  return askForSecret(question, replica);
}

test('another command in the running container is refused: signature_mismatch', async () => {
  const refusal = await exec('/piggy/piggy-env', '--', 'env');
  assert.match(refusal, /signature_mismatch/);
});

test('the same request once more is refused by each replica: launch_window_closed', async () => {
  const question = await questionOf('app', 'app');
  for (const replica of await replicas()) {
    let answers = 0;
    await until('the replica refuses', async () => {
      const outcome = await askForSecret(question, replica);
      if (outcome === '200 ok') answers += 1;
      else assert.equal(outcome, '403 launch_window_closed');
      return outcome === '200 ok' ? undefined : true;
    });
    assert.ok(answers <= MOST_ANSWERS, `${answers} answers`);
  }
});

test('the same command once more in the running container is refused: launch_window_closed', async () => {
  const refusal = await exec('/piggy/piggy-env', '--', ...tells(['DB_PASSWORD']));
  assert.match(refusal, /launch_window_closed/);
});

test('the uid of a finished init container is refused: container_not_running', async () => {
  assert.equal(await ask(await questionOf('app', 'first')), '409 container_not_running');
});

test('the uid of a sibling that waits to be started again is refused: container_not_running', async () => {
  const question = await questionOf('app', 'crashes');
  const outcome = await until('it was asked for while the sibling waited', async () => {
    const before = await waitsToRestart();
    const answer = await ask(question);
    return (await waitsToRestart()) === before ? answer : undefined;
  });
  assert.equal(outcome, '409 container_not_running');
});

test('a key that the spec does not name is refused: reference_not_in_spec', async () => {
  const question = { ...(await questionOf('late', 'app')), references: ['DB_PASSWORD', 'OTHER'] };
  assert.equal(await ask(question), '403 reference_not_in_spec');
});

test('a request without a signature is refused: signature_mismatch', async () => {
  const { token, uid } = await questionOf('late', 'app');
  assert.equal(await ask({ token, uid, references }), '403 signature_mismatch');
});

test('a token that was copied to another Pod is refused: not_injected', async () => {
  const { token } = await questionOf('app', 'app');
  assert.equal(await ask({ ...(await questionOf('late', 'app')), token }), '403 not_injected');
});

test('a token of another audience is refused: invalid_token', async () => {
  const token = await kubectl(['create', 'token', 'default', inNamespace]);
  assert.equal(await ask({ ...(await questionOf('late', 'app')), token }), '401 invalid_token');
});

test('a token that is bound to no Pod is refused: invalid_token', async () => {
  const options = ['create', 'token', 'default', '--audience=piggysec.com', inNamespace];
  const token = await kubectl(options);
  assert.equal(await ask({ ...(await questionOf('late', 'app')), token }), '401 invalid_token');
});

test('an ephemeral container finds neither the token nor the launcher', async () => {
  const options = ['--container=intruder', `--image=${images.busybox}`, inNamespace];
  const command = ['ls', '/var/run/secrets/piggysec.com', '/piggy'];
  await kubectl(['debug', 'late', ...options, '--profile=general', '--', ...command]);
  const logs = await until('the ephemeral container has looked', async () => {
    const text = await kubectl(['logs', 'late', '--container=intruder', inNamespace]);
    return text === '' ? undefined : text;
  });
  assert.match(logs, /piggysec.com: No such file.*\n.*piggy: No such file/);
});

test('requests from an ephemeral container beside the application are refused, whatever token it finds', async () => {
  const pod = await readPod('app', namespace);
  const { uid, signature } = launchOf(pod, 'app');
  const account = pod.spec.volumes?.find(({ name }) => name.startsWith('kube-api-access-'))?.name;
  const addresses = await replicas();
  const asking = await saidBy(beside, {
    ...intruder('asking', images.provider),
    command: ['node', '--input-type=module', '--eval', asksWithEveryToken, '--'],
    args: [JSON.stringify({ uid, signature, references }), ...addresses],
    env: [{ name: 'NODE_TLS_REJECT_UNAUTHORIZED', value: '0' }],
    volumeMounts: [{ name: account, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
  });
  const answers = [
    'with no token: 401 invalid_token',
    "with the service account's: 401 invalid_token",
    "with the launcher's: 403 launch_window_closed",
  ];
  const expected = answers.flatMap((answer) => addresses.map(() => answer));
  assert.deepEqual(linesOf(asking, /^with /), expected);
});

test('the launcher in an ephemeral container is refused the same command: launch_window_closed', async () => {
  const { spec } = await readPod('app', namespace);
  const env = spec.containers.find(({ name }) => name === 'app')?.env ?? [];
  const launching = await saidBy(beside, {
    ...intruder('launching', images.busybox),
    command: [
      'chroot',
      '/proc/1/root',
      'env',
      ...env.map(({ name, value = '' }) => `${name}=${value}`),
    ],
    args: ['/piggy/piggy-env', '--', ...tells(['DB_PASSWORD'])],
  });
  assert.match(launching, /launch_window_closed/);
  assert.doesNotMatch(launching, /^told$/m);
});

test('a container that crashes again and again gets its values each time', async () => {
  const crashes = { pod: 'app', container: 'crashes', namespace };
  const expected = { DB_PASSWORD: hashOf(password) };
  await statusOf(crashes, 'was started again twice', ({ restartCount }) => restartCount >= 2);
  assert.deepEqual(await told(crashes, { previous: true }), expected);
  assert.deepEqual(await told(crashes), expected);
});

test('nothing is given out to a Pod that is being deleted: pod_gone', async () => {
  const question = await questionOf('app', 'app');
  await kubectl(['delete', 'pod', 'app', inNamespace, '--wait=false']);
  assert.equal(await ask(question), '403 pod_gone');
  await kubectl(['delete', 'pod', 'app', inNamespace, '--grace-period=0', '--force']);
  // The API server may know the token for a while longer than the Pod.
  await until('its token counts no more', async () => {
    const outcome = await ask(question);
    if (outcome !== '401 invalid_token') assert.equal(outcome, '403 pod_gone');
    return outcome === '401 invalid_token' ? true : undefined;
  });
});

/** It shares the processes of the application, and so gets at its files: all but what its environment would give it. */
function intruder(name: string, image: string): EphemeralContainer {
  const securityContext = { runAsUser: 0 };
  return { name, image, targetContainerName: 'app', securityContext };
}

function linesOf(text: string, pattern: RegExp): string[] {
  return text.split('\n').filter((line) => pattern.test(line));
}

/** Runs a command in the running application, and returns what it said when it failed. */
function exec(...command: string[]): Promise<string> {
  return refusalInContainer(['app', '--container=app', inNamespace, '--', ...command]);
}

/**
 * How often it was started, while it waits for the next time. From Kubernetes 1.37 on a container that waits is shown as
 * terminated from its second restart on; before, as waiting.
 */
async function waitsToRestart(): Promise<number> {
  const { restartCount } = await statusOf(
    { pod: 'app', container: 'crashes', namespace },
    'waits to be started again',
    ({ state }) => state.waiting?.reason === 'CrashLoopBackOff' || state.terminated !== undefined,
  );
  return restartCount;
}
