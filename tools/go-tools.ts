// The Go programs that the project's commands use, pinned in tools/go/<name>/go.mod and built once.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { capture } from './run.ts';

type GoTool = {
  readonly name: string;
  readonly package: string;
  readonly ldflags: string;
  readonly takes: string;
};

const kyvernoVersion = 'v1.19.1';

const kyverno: GoTool = {
  name: 'kyverno',
  package: 'github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno',
  ldflags: `-s -w -X github.com/kyverno/kyverno/pkg/version.BuildVersion=${kyvernoVersion}`,
  takes: 'this takes 3 to 10 minutes, once',
};

const staticcheck: GoTool = {
  name: 'staticcheck',
  package: 'honnef.co/go/tools/cmd/staticcheck',
  ldflags: '-s -w',
  takes: 'this takes a minute, once',
};

/** The path of the Kyverno CLI: the one on PATH when it is 1.19 or newer, else the pinned one, built. */
export async function kyvernoCli(say: (line: string) => void): Promise<string> {
  const installed = await capture('kyverno', ['version']).catch(() => undefined);
  const [, major = 0, minor = 0] = /v?(\d+)\.(\d+)\.\d+/.exec(installed?.stdout ?? '') ?? [];
  const isNewEnough = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 19);
  return isNewEnough ? 'kyverno' : await build(kyverno, say);
}

export function staticcheckCommand(say: (line: string) => void): Promise<string> {
  return build(staticcheck, say);
}

async function build(tool: GoTool, say: (line: string) => void): Promise<string> {
  const source = join(import.meta.dirname, 'go', tool.name);
  const [goMod, goSum] = ['go.mod', 'go.sum'].map((file) =>
    readFileSync(join(source, file), 'utf8'),
  );
  const goVersion = await capture('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: source });
  const inputs = [goMod ?? '', goSum ?? '', goVersion.stdout, tool.package, tool.ldflags];
  const folder = await cached(tool.name, inputs, async (into) => {
    say(`Building ${tool.name} from its Go module: ${tool.takes}.`);
    const startedAt = performance.now();
    const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', tool.ldflags];
    const built = await capture('go', [...args, '-o', join(into, tool.name), tool.package], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    if (built.code !== 0) throw new Error(`go build of ${tool.name} failed:\n${built.stderr}`);
    say(`Built ${tool.name} in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
  });
  return join(folder, tool.name);
}
