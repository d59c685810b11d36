// docs/getting-started.md, typed as it stands: fewer than ten commands from a cluster to a secret in an application.
//
// What is another here than a newcomer's comes from outside, and no command is changed for it. The values file that the page
// tells its reader to write names the images of this checkout, moto instead of AWS, and a registry of the scenario for `helm
// test` to look an image up in. The AWS CLI finds moto by its environment. The node has the busybox of these tests under the
// name that the page uses, so that it pulls nothing. And Kyverno is there already, as for all scenarios: its command is
// counted, and not run.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { goTool } from '../../tools/go-tools.ts';
import { output } from '../../tools/run.ts';
import { awsCliEnvironment } from '../aws-cli.ts';
import { installation, uninstallChart, valuesHere } from '../chart.ts';
import { images } from '../images.ts';
import { exists, kubectl } from '../kubectl.ts';
import { ctrInNode } from '../node.ts';
import { blocksUnder, commandsUnder } from '../page-commands.ts';
import { startRegistry } from '../registry.ts';
import { openScenario } from '../scenario.ts';
import { removeSecret } from '../secrets.ts';
import { say } from '../steps.ts';

const page = 'docs/getting-started.md';
const path = ['Install', 'The first secret'].flatMap((heading) => commandsUnder(heading, page));
const typed = path.filter((command) => !command.startsWith('helm install kyverno '));
const [greeting = ''] = /(?<="GREETING":")[^"]+/.exec(path.join('\n')) ?? [];
const [busybox = ''] = /(?<=--image )busybox:\S+/.exec(path.join('\n')) ?? [];
const root = join(import.meta.dirname, '../..');
const checkout = mkdtempSync(join(tmpdir(), 'newcomer-'));
const said: Record<string, string> = {};
let environment: NodeJS.ProcessEnv = {};

openScenario('newcomer', async (namespace) => {
  await removePiggy();
  await removeTraces();
  await ctrInNode([
    ...['images', 'tag', '--force'],
    ...[`docker.io/${images.busybox}`, `docker.io/library/${busybox}`],
  ]);
  for (const folder of ['charts', 'policies']) {
    cpSync(join(root, folder), join(checkout, folder), { recursive: true, verbatimSymlinks: true });
  }
  await writeValues(await startRegistry(namespace));
  environment = await environmentOfShell();
});

after(async () => {
  rmSync(checkout, { recursive: true, force: true });
  await ctrInNode(['images', 'rm', `docker.io/library/${busybox}`]);
  await removeTraces();
});

test('there are fewer than ten commands', () => {
  assert.ok(path.length < 10, path.join('\n'));
  assert.ok(typed.length >= path.length - 1);
});

for (const command of typed) {
  test(command, async () => {
    said[command] = await type(command);
  });
}

test('the application got its secret', () => {
  assert.equal(answerTo('kubectl logs'), greeting);
});

test('in the Pod stands the reference, and the value nowhere', async () => {
  assert.equal(answerTo('kubectl get pod'), 'piggy:GREETING');
  const pod = await kubectl(['get', 'pod', 'hello', '--namespace=default', '--output=yaml']);
  assert.ok(!pod.includes(greeting));
});

test('what Helm printed names the commands that come next', () => {
  const notes = answerTo('helm install piggy');
  const next = typed.slice(1).filter((command) => !command.startsWith('kubectl get pod'));
  for (const command of next) assert.ok(notes.includes(`   ${command}\n`), command);
});

test('the doctor finds the installation healthy, and explains the Pod', async () => {
  const [command = ''] = commandsUnder('If it does not work', page);
  const findings = await type(command);
  assert.match(findings, /^ok +pod default\/hello +it was injected: hello$/m);
  assert.match(findings, /^ok +hello: values +the secret can be read and has GREETING$/m);
});

test('what it made is removed as the page says', async () => {
  for (const command of commandsUnder('Clean up', page)) await type(command);
  assert.equal(await exists('pod/hello', 'default'), false);
  // It would be refused if there still were one.
  await type(typed.find((command) => command.startsWith('aws ')) ?? '');
});

/** What is written there is run by a shell, in a folder that has what these commands need of a checkout. */
function type(command: string): Promise<string> {
  const shell = ['-o', 'errexit', '-o', 'nounset', '-o', 'pipefail', '-c', command];
  return output('bash', shell, { cwd: checkout, env: environment });
}

function answerTo(beginning: string): string {
  const command = typed.find((it) => it.startsWith(`${beginning} `)) ?? '';
  return said[command] ?? '';
}

async function environmentOfShell(): Promise<NodeJS.ProcessEnv> {
  const env = { ...process.env, ...(await awsCliEnvironment()) };
  const programs = dirname(await goTool('helm', say));
  return { ...env, PATH: `${programs}${delimiter}${env.PATH ?? ''}` };
}

/** As the page shows it, but for what valuesHere() brings and the registry. */
async function writeValues(registry: string): Promise<void> {
  const [yaml = ''] = blocksUnder('Install', { page, language: 'yaml' });
  const shown = parse(yaml) as { readonly aws: object };
  const here = {
    ...shown,
    ...(await valuesHere()),
    aws: shown.aws,
    env: { PIGGY_REGISTRY_PLAIN_HTTP: registry },
    test: { image: `${registry}/app:v1` },
  };
  writeFileSync(join(checkout, 'values.yaml'), JSON.stringify(here));
}

/** With its namespace, in which the provider keeps its certificates: a newcomer has none of it. */
async function removePiggy(): Promise<void> {
  await uninstallChart(installation);
  await kubectl(['delete', 'namespace', installation.namespace, '--ignore-not-found']);
}

/** What an earlier run may have left, since the names are the page's. */
async function removeTraces(): Promise<void> {
  await kubectl(['delete', 'pod', 'hello', '--namespace=default', '--ignore-not-found']);
  await removeSecret('default/default');
}
