// The files that a provider is installed with, in a folder of their own: certificate, sealing key, access to the API server.

import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestAuthority } from './certificates.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { ProviderEnvironment } from './provider-process.ts';

export type InstallationOptions = {
  /** Without it there is an API server that nobody can reach. */
  readonly kubernetes?: Pick<KubernetesApi, 'url' | 'ca' | 'providerToken'>;
  /** Base64 text. */
  readonly admissionKey?: string;
};

export type ProviderInstallation = {
  /** For startProvider. */
  readonly env: ProviderEnvironment;
  /** PEM that launchers verify the provider against. */
  readonly ca: string;
  readonly admissionKey: string;
  readonly tlsDirectory: string;
  readonly admissionKeyFile: string;
  /** As Kubernetes swaps a mounted Secret: all files at once, behind a link. */
  readonly renewCertificate: () => Promise<void>;
  readonly remove: () => void;
};

export async function installProvider({
  kubernetes,
  admissionKey = randomBytes(32).toString('base64'),
}: InstallationOptions = {}): Promise<ProviderInstallation> {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-provider-'));
  const authority = await createTestAuthority();
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const tlsDirectory = join(folder, 'tls');
  const renewCertificate = async () => {
    const { certificate, privateKey } = await authority.issue();
    swapFiles(tlsDirectory, { 'tls.crt': certificate, 'tls.key': privateKey });
  };
  await renewCertificate();
  const admissionKeyFile = write('admission-key', `${admissionKey}\n`);
  return {
    env: {
      PIGGY_CERTIFICATES: 'files',
      PIGGY_SEALING_KEY: 'files',
      PIGGY_TLS_DIRECTORY: tlsDirectory,
      PIGGY_ADMISSION_KEY_FILES: admissionKeyFile,
      PIGGY_KUBERNETES_SERVER: kubernetes?.url ?? 'https://127.0.0.1:1',
      PIGGY_KUBERNETES_CA_FILE: write('kubernetes-ca', kubernetes?.ca ?? authority.ca),
      PIGGY_KUBERNETES_TOKEN_FILE: write('kubernetes-token', kubernetes?.providerToken ?? 'none'),
    },
    ca: authority.ca,
    admissionKey,
    tlsDirectory,
    admissionKeyFile,
    renewCertificate,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The layout of a mounted Secret: `name` → `..data/name`, `..data` → a folder of this generation. */
function swapFiles(directory: string, files: Readonly<Record<string, string>>): void {
  const isFirst = !existsSync(directory);
  mkdirSync(directory, { recursive: true });
  const generation = mkdtempSync(join(directory, '..generation-'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(generation, name), text);
    if (isFirst) symlinkSync(join('..data', name), join(directory, name));
  }
  const link = join(directory, '..data-new');
  symlinkSync(generation, link);
  renameSync(link, join(directory, '..data'));
}
