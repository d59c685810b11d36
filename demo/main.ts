// `npm run demo`: one Pod from `kubectl apply` to its running process, on this machine alone. The policies, the Kyverno CLI,
// the provider and the launcher are the real ones; the cluster, AWS and the registry are stand-ins. Every claim is checked.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { kyvernoCli } from '../tools/go-tools.ts';
import { buildLauncher } from '../tools/launcher.ts';
import type { Pod } from '../tools/kyverno-cli.ts';
import { admitByKyverno, readGoldenPod, showMutation } from './admission.ts';
import { createKubelet } from './kubelet.ts';
import { createShow } from './show.ts';
import { startStandIns, type StandIns } from './stand-ins.ts';
import { showStart } from './start.ts';

const { values: options } = parseArgs({ options: { 'without-kyverno': { type: 'boolean' } } });
const show = createShow(console.log);
const example = join(import.meta.dirname, '..', 'examples', 'first-secret', 'pod.yaml');

const cli = options['without-kyverno'] ? undefined : await kyvernoCli(console.log);
const standIns = await startStandIns();
try {
  await showAll(standIns);
} finally {
  const code = await standIns.stop();
  show.claim('the provider stopped when it was asked to', code === 0, code);
}
const { made, broken } = show.countClaims();
console.log(`\n${made} claims checked, ${broken} broken.`);
process.exitCode = broken === 0 ? 0 : 1;

async function showAll(standIns: StandIns): Promise<void> {
  const text = readFileSync(example, 'utf8');
  const original = parse(text) as Pod;
  show.heading('1  A Pod asks for secrets (examples/first-secret/pod.yaml)');
  show.text(text.trim());

  show.heading('2  Admission: kubectl apply');
  const pod =
    cli === undefined
      ? readGoldenPod(standIns, show)
      : await admitByKyverno(cli, { pod: original, standIns, show });
  showMutation(show, { original, pod, password: standIns.password });

  const kubelet = createKubelet({
    launcher: await buildLauncher(standIns.folder),
    folder: standIns.folder,
  });
  kubelet.addProgram(
    'shop-api',
    `exec "${process.execPath}" "${join(import.meta.dirname, 'shop-api.ts')}" "$@"`,
  );
  const refusals = await showStart(show, { pod, kubelet, standIns });

  show.heading('6  What the provider said: one line per request');
  const lines = standIns.provider.output().split('\n');
  const requests = lines.filter((line) => line.includes('"route"'));
  show.text(requests.join('\n'));
  const said = [...lines, ...refusals].join('\n');
  show.claim(
    'no secret value in it, nor in what the refused launchers said',
    !said.includes(standIns.password),
    said,
  );
}
