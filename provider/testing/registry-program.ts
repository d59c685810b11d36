// The real registry of Debian's docker-registry package, with images made by umoci and pushed by skopeo.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createDocument, descriptorOf, OCI_INDEX } from './registry-images.ts';
import { TOKEN_ISSUER, TOKEN_SERVICE } from './token-server.ts';

export type RegistryProgramOptions = {
  readonly user?: { readonly name: string; readonly password: string };
  /** PEM; with it the registry speaks HTTPS. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** The registry asks for tokens of this server, in place of the user's password. */
  readonly tokens?: { readonly origin: string; readonly authority: string };
  /** It keeps no images of its own, and fetches those of this registry. */
  readonly mirrorOf?: string;
};

export type BuiltImage = {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly architecture?: string;
};

/** How skopeo writes it: OCI, Docker version 2 schema 2, the old schema 1. */
export type PushFormat = 'oci' | 'v2s2' | 'v2s1';

const PROGRAMS = ['docker-registry', 'skopeo', 'umoci', 'htpasswd'];

/** Why the real registry cannot be run here; undefined when it can. */
export function missingRegistryPrograms(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = PROGRAMS.filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  );
  if (missing.length === 0) return undefined;
  return `not installed: ${missing.join(', ')} (apt-get install docker-registry skopeo umoci apache2-utils)`;
}

export async function startRegistryProgram(options: RegistryProgramOptions = {}) {
  const { user, certificate } = options;
  const folder = mkdtempSync(join(tmpdir(), 'piggy-registry-'));
  const settings = join(folder, 'config.json');
  writeFileSync(settings, JSON.stringify(createSettings(folder, options)));
  const program = spawn('docker-registry', ['serve', settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(program, 'exit');
  const host = await readHost(program.stderr);
  // What is logged later is thrown away, so that the pipe never fills.
  program.stderr.resume();

  // Not synchronous: the token server may be in this process.
  const push = async (name: string, target: string, options: readonly string[]) => {
    const access = user ? ['--dest-creds', `${user.name}:${user.password}`] : [];
    const source = `oci:${join(folder, 'layout')}:${name}`;
    const common = ['--dest-tls-verify=false', '--insecure-policy', ...access, ...options];
    await promisify(execFile)('skopeo', ['copy', ...common, source, `docker://${host}/${target}`]);
  };

  return {
    host,
    origin: `${certificate ? 'https' : 'http'}://${host}`,

    pushImage: async (
      target: string,
      image: BuiltImage,
      format: PushFormat = 'oci',
    ): Promise<void> => {
      await push(buildImage(folder, image), target, ['--format', format]);
    },

    pushIndex: async (target: string, images: readonly BuiltImage[]): Promise<void> => {
      await push(buildIndex(folder, images), target, ['--all']);
    },

    close: async (): Promise<void> => {
      program.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createSettings(folder: string, options: RegistryProgramOptions): object {
  const { user, certificate, tokens, mirrorOf } = options;
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const password = user && execFileSync('htpasswd', ['-nbB', user.name, user.password]).toString();
  const byPassword = password && {
    htpasswd: { realm: 'piggy', path: write('htpasswd', password) },
  };
  const auth = tokens
    ? {
        token: {
          realm: `${tokens.origin}/token`,
          service: TOKEN_SERVICE,
          issuer: TOKEN_ISSUER,
          rootcertbundle: write('token.crt', tokens.authority),
        },
      }
    : byPassword;
  const tls = certificate && {
    certificate: write('tls.crt', certificate.cert),
    key: write('tls.key', certificate.key),
  };
  return {
    version: 0.1,
    log: { level: 'info', formatter: 'json' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0', ...(tls ? { tls } : {}) },
    compatibility: { schema1: { enabled: true } },
    ...(auth ? { auth } : {}),
    ...(mirrorOf === undefined ? {} : { proxy: { remoteurl: mirrorOf } }),
  };
}

/** From the line in which it says where it listens; what it said is in the error when it never does. */
async function readHost(log: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface(log)) {
    const [, host] = /listening on (127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (host !== undefined) return host;
    lines.push(line);
  }
  throw new Error(`docker-registry ended: ${lines.join('\n')}`);
}

/** Returns its name in the layout. */
function buildImage(folder: string, image: BuiltImage): string {
  const layout = join(folder, 'layout');
  if (!existsSync(layout)) run('umoci', ['init', '--layout', layout]);
  const name = randomUUID();
  run('umoci', ['new', '--image', `${layout}:${name}`]);
  // A layer, because schema 1 knows no image without one.
  const file = join(folder, 'file');
  writeFileSync(file, name);
  run('umoci', ['insert', '--rootless', '--image', `${layout}:${name}`, file, '/file']);
  const settings = [
    ...image.entrypoint.flatMap((argument) => ['--config.entrypoint', argument]),
    ...image.cmd.flatMap((argument) => ['--config.cmd', argument]),
    ...['--architecture', image.architecture ?? 'amd64', '--os', 'linux'],
  ];
  run('umoci', ['config', '--image', `${layout}:${name}`, ...settings]);
  return name;
}

type Layout = {
  readonly manifests: readonly {
    readonly annotations: Readonly<Record<string, string>>;
  }[];
};

const NAME = 'org.opencontainers.image.ref.name';

/** umoci makes images of one platform only, so the index over them is written by hand. */
function buildIndex(folder: string, images: readonly BuiltImage[]): string {
  const names = images.map((image) => buildImage(folder, image));
  const path = join(folder, 'layout', 'index.json');
  const layout = JSON.parse(readFileSync(path, 'utf8')) as Layout;
  const manifests = images.map(({ architecture = 'amd64' }, number) => {
    const entry = layout.manifests.find(({ annotations }) => annotations[NAME] === names[number]);
    return { ...entry, annotations: undefined, platform: { os: 'linux', architecture } };
  });
  const index = createDocument(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  const [, hex = ''] = index.digest.split(':');
  writeFileSync(join(folder, 'layout', 'blobs', 'sha256', hex), index.bytes);
  const name = randomUUID();
  const entry = { ...descriptorOf(index), annotations: { [NAME]: name } };
  writeFileSync(path, JSON.stringify({ ...layout, manifests: [...layout.manifests, entry] }));
  return name;
}

/** Fails with what the program said. */
function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}
