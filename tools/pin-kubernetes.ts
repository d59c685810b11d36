// `node tools/pin-kubernetes.ts 1.37.2`: pins a patch version of Kubernetes, as tools/go/kubernetes/1.37.mod and 1.37.sum.
// Kubernetes' own go.mod decides every other version: of the modules that its repository holds, of etcd, and of Go's
// defaults (`godebug`).

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesFolder } from './kubernetes.ts';
import { output } from './run.ts';

type GoMod = {
  readonly Go: string;
  readonly Replace?: readonly {
    readonly Old: { readonly Path: string };
    readonly New: { readonly Path: string };
  }[];
};

const [patch = ''] = process.argv.slice(2);
const minor = /^(1\.\d+)\.\d+$/.exec(patch)?.[1];
if (minor === undefined) {
  throw new Error(`give one version of Kubernetes, such as 1.37.2, not "${patch}"`);
}
const folder = mkdtempSync(join(tmpdir(), 'pin-kubernetes-'));
try {
  const file = join(folder, `${minor}.mod`);
  writeFileSync(file, await goModFor(patch));
  await go('mod', 'tidy', `-modfile=${file}`);
  // Only when both are there: a version of which not all modules are to be had is not one of those to test with.
  cpSync(folder, kubernetesFolder, { recursive: true });
} finally {
  rmSync(folder, { recursive: true });
}

async function goModFor(version: string): Promise<string> {
  const path = await goModOfKubernetes(version);
  const its = JSON.parse(await go('mod', 'edit', '-json', path)) as GoMod;
  const ofItsRepository = (its.Replace ?? []).filter(({ New }) =>
    New.Path.startsWith('./staging/'),
  );
  const godebug = readFileSync(path, 'utf8').match(/^godebug .+$/gm) ?? [
    `godebug default=go${its.Go.replace(/\.0$/, '')}`,
  ];
  return [
    `// Kubernetes ${version}, written by tools/pin-kubernetes.ts.`,
    'module piggysec.com/tools/kubernetes',
    'go 1.26.0',
    ...godebug,
    `require k8s.io/kubernetes v${version}`,
    'replace (',
    ...ofItsRepository.map(
      ({ Old }) => `\t${Old.Path} => ${Old.Path} ${version.replace(/^1\./, 'v0.')}`,
    ),
    ')',
    '',
  ].join('\n');
}

async function goModOfKubernetes(version: string): Promise<string> {
  // Elsewhere, since a download also writes sums beside the go.mod that it finds.
  const args = ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`];
  const answer = await output('go', args, { cwd: tmpdir() });
  return (JSON.parse(answer) as { readonly GoMod: string }).GoMod;
}

function go(...args: readonly string[]): Promise<string> {
  return output('go', args, { cwd: kubernetesFolder });
}
