// The Go programs that the project's commands use, pinned in tools/go/<module>/go.mod and built once.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { capture } from './run.ts';

export type GoTool = {
  /** A folder of tools/go. */
  readonly module: string;
  /** An import path, or one that begins with "." for a program that the folder itself holds. */
  readonly package: string;
  readonly ldflags: string;
  readonly takes: string;
  /** Where it is not the module's go.mod that pins what the program is made of. */
  readonly modfile?: string;
  readonly tags?: readonly string[];
};

export const kyvernoVersion = 'v1.19.1';
/** That of kind's own node images. */
const containerdVersion = 'v2.3.4';

const kyvernoFlags = `-s -w -X github.com/kyverno/kyverno/pkg/version.BuildVersion=${kyvernoVersion}`;

const tools = {
  kyverno: {
    module: 'kyverno',
    package: 'github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno',
    ldflags: kyvernoFlags,
    takes: 'this takes 3 to 10 minutes, once',
  },
  'kyverno-admission-controller': {
    module: 'kyverno',
    package: 'github.com/kyverno/kyverno/cmd/kyverno',
    ldflags: kyvernoFlags,
    takes: 'this takes 2 to 10 minutes, once',
  },
  'kyverno-init': {
    module: 'kyverno',
    package: 'github.com/kyverno/kyverno/cmd/kyverno-init',
    ldflags: kyvernoFlags,
    takes: 'this takes up to a minute, once',
  },
  coredns: {
    module: 'coredns',
    package: '.',
    ldflags: '-s -w',
    takes: 'this takes 2 to 4 minutes, once',
  },
  containerd: containerdTool('containerd', 'this takes 1 to 5 minutes, once'),
  'containerd-shim-runc-v2': containerdTool('containerd-shim-runc-v2', 'this takes some seconds'),
  ctr: containerdTool('ctr', 'this takes some seconds'),
  kind: {
    module: 'kind',
    package: 'sigs.k8s.io/kind',
    ldflags: '-s -w',
    takes: 'this takes some seconds, once',
  },
  helm: {
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    ldflags: '-s -w',
    takes: 'this takes 1 to 4 minutes, once',
  },
  helm3: {
    module: 'helm3',
    package: 'helm.sh/helm/v3/cmd/helm',
    ldflags: '-s -w',
    takes: 'this takes up to 2 minutes, once',
  },
  staticcheck: {
    module: 'staticcheck',
    package: 'honnef.co/go/tools/cmd/staticcheck',
    ldflags: '-s -w',
    takes: 'this takes a minute, once',
  },
} satisfies Record<string, GoTool>;

function containerdTool(name: string, takes: string): GoTool {
  const path = 'github.com/containerd/containerd/v2';
  const version = `-X ${path}/version.Version=${containerdVersion}`;
  return {
    module: 'containerd',
    package: `${path}/cmd/${name}`,
    ldflags: `-s -w ${version}`,
    takes,
  };
}

/** The path of the program, built where the cache does not hold it yet. */
export function goTool(name: keyof typeof tools, say: (line: string) => void): Promise<string> {
  return builtGoTool(name, tools[name], say);
}

/** `goTool` for a program of which there are several, each by a name of its own. */
export async function builtGoTool(
  name: string,
  tool: GoTool,
  say: (line: string) => void,
): Promise<string> {
  const { module, modfile = 'go.mod', tags = [], ldflags } = tool;
  const source = join(import.meta.dirname, 'go', module);
  const own = tool.package.startsWith('.')
    ? globSync(`${tool.package}/*.{go,s}`, { cwd: source }).sort()
    : [];
  const files = [modfile, modfile.replace(/mod$/, 'sum'), ...own].map((file) =>
    readFileSync(join(source, file), 'utf8'),
  );
  const goVersion = await capture('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: source });
  const inputs = [...files, goVersion.stdout, tool.package, ldflags, ...tags];
  const folder = await cached(name, inputs, async (into) => {
    say(`Building ${name} from its Go module: ${tool.takes}.`);
    const startedAt = performance.now();
    const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', ldflags];
    const which = [`-modfile=${modfile}`, `-tags=${tags.join()}`, '-o', join(into, name)];
    const built = await capture('go', ['build', ...flags, ...which, tool.package], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    if (built.code !== 0) throw new Error(`go build of ${name} failed:\n${built.stderr}`);
    say(`Built ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
  });
  return join(folder, name);
}

/** The folder that holds the source of one of the Go modules that tools/go/<module>/<modfile> names. */
export async function goModuleFolder(
  module: string,
  path: string,
  modfile = 'go.mod',
): Promise<string> {
  const cwd = join(import.meta.dirname, 'go', module);
  const args = ['mod', 'download', `-modfile=${modfile}`, '-json', path];
  const { code, stdout, stderr } = await capture('go', args, { cwd });
  const { Dir: folder } = JSON.parse(stdout || '{}') as { Dir?: string };
  if (code === 0 && folder !== undefined) return folder;
  throw new Error(`the Go module ${path} cannot be downloaded:\n${stdout}${stderr}`);
}

/** The path of the Kyverno CLI: the one on PATH when it is 1.19 or newer, else the pinned one, built. */
export async function kyvernoCli(say: (line: string) => void): Promise<string> {
  const installed = await capture('kyverno', ['version']).catch(() => undefined);
  const [, major = 0, minor = 0] = /v?(\d+)\.(\d+)\.\d+/.exec(installed?.stdout ?? '') ?? [];
  const isNewEnough = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 19);
  return isNewEnough ? 'kyverno' : await goTool('kyverno', say);
}

export function staticcheckCommand(say: (line: string) => void): Promise<string> {
  return goTool('staticcheck', say);
}
