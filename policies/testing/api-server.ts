// Starts Kubernetes' own API server with its etcd, and nothing else of a cluster: what it answers to a dry run is what a cluster
// would store. In seconds, on loopback, in a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { until } from '../../e2e/poll.ts';
import { createTestAuthority } from '../../provider/testing/certificates.ts';
import { freePort } from '../../provider/testing/free-port.ts';

export type Answer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};

export type ApiServer = {
  readonly ask: (
    method: 'DELETE' | 'GET' | 'POST' | 'PUT',
    path: string,
    object?: object,
  ) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

/** `program` is all of Kubernetes in one, with etcd (tools/kubernetes.ts). */
export async function startApiServer(program: string): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'api-server-'));
  const token = randomBytes(16).toString('hex');
  const ca = await writeFiles(folder, token);
  const port = await freePort();
  const processes = [etcdArgs, apiServerArgs(port)].map((args) => run(program, args, folder));
  const pool = new Pool(`https://127.0.0.1:${port}`, { connect: { ca } });
  const ask = createClient(pool, token);
  const stop = async () => {
    await pool.destroy();
    // The API server first: it waits for etcd otherwise.
    for (const { child, exited } of processes.toReversed()) {
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true });
  };
  try {
    await until('the API server is ready', async () => {
      const ended = processes.find(({ child }) => child.exitCode !== null);
      if (ended !== undefined) return 'ended';
      return (await ask('GET', '/readyz')).status === 200 ? 'ready' : undefined;
    });
    const ended = processes.find(({ child }) => child.exitCode !== null);
    if (ended !== undefined) throw new Error(`it ended:\n${ended.output().slice(-4000)}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ask, stop };
}

/** Sockets in the folder, where nobody else's ports are. */
const etcdArgs = [
  'etcd',
  '--data-dir=etcd',
  '--unsafe-no-fsync',
  '--log-level=warn',
  '--listen-client-urls=unix://client:0',
  '--advertise-client-urls=unix://client:0',
  '--listen-peer-urls=unix://peer:0',
  '--initial-advertise-peer-urls=unix://peer:0',
  '--initial-cluster=default=unix://peer:0',
];

function apiServerArgs(port: number): readonly string[] {
  return [
    'kube-apiserver',
    '--etcd-servers=unix://client:0',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--cert-dir=certificates',
    '--tls-cert-file=tls.crt',
    '--tls-private-key-file=tls.key',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=AlwaysAllow',
    '--service-account-issuer=https://127.0.0.1',
    '--service-account-key-file=accounts.key',
    '--service-account-signing-key-file=accounts.key',
    '--service-cluster-ip-range=10.96.0.0/16',
  ];
}

/** The certificate of the authority, as PEM. */
async function writeFiles(folder: string, token: string): Promise<string> {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue();
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const files = {
    'tls.crt': certificate,
    'tls.key': privateKey,
    'tokens.csv': `${token},test,test,"system:masters"\n`,
    'accounts.key': accounts.export({ type: 'pkcs1', format: 'pem' }),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  return authority.ca;
}

type Running = {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly output: () => string;
};

function run(program: string, args: readonly string[], cwd: string): Running {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text += more));
  return { child, exited: once(child, 'exit'), output: () => text };
}

function createClient(pool: Pool, token: string): ApiServer['ask'] {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return async (method, path, object) => {
    const body = object === undefined ? null : JSON.stringify(object);
    const answer = await pool.request({ method, path, headers, body });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    const read: unknown = isJson ? JSON.parse(text) : { text };
    return { status: answer.statusCode, body: read as Answer['body'] };
  };
}
