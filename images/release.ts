// `npm run release -- v1.2.3`, or `-- --dry-run` for the version of the checkout: puts into build/release what a release is made of.
// For each image and architecture the folder that it is built from, the chart, the launcher's binaries, the SBOM of the provider, the
// licences of what is in both, and checksums of the files. Nothing is published: the workflow `release` does that for a tag.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { copyImageFiles, noticesFile } from './provider/files.ts';
import { goTool } from '../tools/go-tools.ts';
import { chartFolder } from '../tools/helm.ts';
import { fillLauncherImage } from '../tools/launcher.ts';
import { output } from '../tools/run.ts';

const root = join(import.meta.dirname, '..');
const release = join(root, 'build/release');
const notices = join(release, 'THIRD-PARTY-NOTICES.txt');
const architectures = { amd64: 'x64', arm64: 'arm64' } as const;

assertVersions(readTag(process.argv[2]));
rmSync(release, { recursive: true, force: true });
await output(process.execPath, [join(root, 'images/provider/bundle.ts')]);
for (const [architecture, nodeArchitecture] of Object.entries(architectures)) {
  const launcher = createFolder(`launcher-${architecture}`);
  await fillLauncherImage(launcher, architecture);
  copyFileSync(join(launcher, 'piggy-env'), join(release, `piggy-env-linux-${architecture}`));
  await fillProviderImage(createFolder(`provider-${architecture}`), nodeArchitecture);
}
const sbom = await output('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
  cwd: root,
});
writeFileSync(join(release, 'sbom.cdx.json'), sbom);
writeFileSync(notices, [...providerNotices(), ...(await launcherNotices())].join('\n'));
const helm = await goTool('helm', console.log);
await output(helm, ['package', chartFolder, '--destination', release]);
writeFileSync(join(release, 'SHA256SUMS'), sumFiles());
console.log(`build/release is complete:\n${readdirSync(release).join('\n')}`);

function readTag(written: string | undefined): string {
  if (written === '--dry-run') return `v${readPackage().version}`;
  if (written !== undefined) return written;
  throw new Error('name the tag of the release, such as v1.2.3, or --dry-run');
}

function readPackage(): Versions {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Versions;
}

/** As `sha256sum --check` reads them: of the files, not of the folders that images are built from. */
function sumFiles(): string {
  const files = readdirSync(release, { withFileTypes: true }).filter((entry) => entry.isFile());
  const lines = files.map(({ name }) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(release, name)))
      .digest('hex');
    return `${sum}  ${name}\n`;
  });
  return lines.join('');
}

/** The tag, the package and the chart tell one version. */
function assertVersions(tag: string): void {
  const { version } = readPackage();
  const chart = parse(readFileSync(join(root, 'charts/piggy/Chart.yaml'), 'utf8')) as Versions;
  const told = { tag: tag.replace(/^v/, ''), package: version, chart: chart.version };
  const all = { ...told, appVersion: chart.appVersion };
  if (new Set(Object.values(all)).size === 1) return;
  throw new Error(`these versions must be one and the same: ${JSON.stringify(all)}`);
}

type Versions = { readonly version: string; readonly appVersion?: string };

function createFolder(name: string): string {
  const folder = join(release, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function fillProviderImage(folder: string, nodeArchitecture: string): Promise<void> {
  copyImageFiles(folder);
  await fetchNode(join(folder, 'node'), `node-linux-${nodeArchitecture}`);
}

/** npm installs the package of this machine's architecture only, so both are fetched, and held to the lockfile. */
async function fetchNode(path: string, name: string): Promise<void> {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const { version, integrity } = (JSON.parse(lock) as Lock).packages[`node_modules/${name}`] ?? {};
  if (!version || !integrity) throw new Error(`package-lock.json does not hold ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'node-'));
  try {
    const args = ['pack', `${name}@${version}`, '--pack-destination', folder, '--silent'];
    const archive = join(folder, basename(await output('npm', args)));
    const hash = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (`sha512-${hash}` !== integrity) throw new Error(`${name} is not what the lockfile says`);
    await output('tar', ['-xzf', archive, '-C', folder]);
    copyFileSync(join(folder, 'package/bin/node'), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Lock = {
  readonly packages: Readonly<Record<string, { version: string; integrity: string }>>;
};

function providerNotices(): string[] {
  const node = readFileSync(join(root, `node_modules/node-linux-${process.arch}/LICENSE`), 'utf8');
  return ['── Node.js\n', node, readFileSync(noticesFile, 'utf8')];
}

async function launcherNotices(): Promise<string[]> {
  const format = '{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}';
  const args = ['list', '-deps', '-f', format, '.', './standalone'];
  const lines = (await output('go', args, { cwd: join(root, 'envlauncher') })).split('\n');
  return [...new Set(lines)].flatMap((line) => {
    const [path = '', version = '', folder = ''] = line.split('\t');
    // The launcher itself has no version.
    if (version === '') return [];
    return `── ${path} ${version}\n\n${readLicence(folder)}\n`;
  });
}

/** Of a module, or of the one that it is a part of. */
function readLicence(folder: string): string {
  for (const name of ['LICENSE', 'LICENSE.txt', 'LICENCE']) {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch {
      // Another name, then.
    }
  }
  throw new Error(`there is no licence in ${folder}`);
}
