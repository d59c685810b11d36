// A Docker engine of our own, started by hand: its state lives in the cache folder, so that the next run finds the
// node image in it; its sockets and process ids live in /run, which a restart of the machine empties.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cached, cacheRoot } from '../../tools/cache.ts';
import { capture } from '../../tools/run.ts';
import { until } from '../poll.ts';
import { say, step } from '../steps.ts';
import { installPackages } from './packages.ts';

const runFolder = '/run/piggy-e2e';
const socket = `unix://${runFolder}/docker.sock`;
const settingsFile = join(runFolder, 'daemon.json');
const logFile = join(runFolder, 'dockerd.log');
const dataFolder = join(cacheRoot, 'e2e-engine');

// The classic builder needs nothing but the engine.
const env = { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: '0' };

/** Processes of the engine, by the file that holds their id; the text must be in their command line. */
const processes = {
  'docker.pid': 'dockerd',
  'exec/containerd/containerd.pid': 'containerd',
} as const;

export function canStartOfflineEngine(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/** Whether it was started on this machine before, so that it may hold what a run left. */
export function hasOfflineEngine(): boolean {
  return existsSync(dataFolder) && canStartOfflineEngine();
}

/** Starts the engine, or finds it running; returns the environment that leads docker and kind to it. */
export async function startOfflineEngine(): Promise<NodeJS.ProcessEnv> {
  if (await answers()) return env;
  await step('Starting a Docker engine', async () => {
    await installPackages('docker.io', 'python3');
    await start().catch(async (error: unknown) => {
      // What a run that was cut off left behind can keep an engine from starting; all of it can be made again.
      say(`The engine does not start; once more with nothing of what it kept (${String(error)})`);
      await stopOfflineEngine();
      rmSync(dataFolder, { recursive: true, force: true });
      await start();
    });
  });
  return env;
}

/** Ends the engine and waits until it is gone. */
export async function stopOfflineEngine(): Promise<void> {
  const id = processId('docker.pid');
  if (id === undefined) return;
  process.kill(id, 'SIGTERM');
  await until('the Docker engine has ended', () =>
    Promise.resolve(isRunning(id, 'dockerd') ? undefined : true),
  );
}

async function start(): Promise<void> {
  mkdirSync(runFolder, { recursive: true });
  for (const file of Object.keys(processes) as (keyof typeof processes)[]) {
    // An id that now belongs to another process would make the engine wait for that one.
    if (processId(file) === undefined) rmSync(join(runFolder, file), { force: true });
  }
  writeFileSync(settingsFile, JSON.stringify(await settings()));
  const log = openSync(logFile, 'w');
  const daemon = spawn('dockerd', ['--config-file', settingsFile], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  daemon.unref();
  await until('the Docker engine answers', async () => {
    if (daemon.exitCode !== null) return 'ended';
    return (await answers()) ? 'ready' : undefined;
  });
  if (daemon.exitCode !== null) {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
    throw new Error(`dockerd ended with ${daemon.exitCode}:\n${lines.slice(-15).join('\n')}`);
  }
}

async function settings(): Promise<object> {
  return {
    'data-root': dataFolder,
    'exec-root': join(runFolder, 'exec'),
    pidfile: join(runFolder, 'docker.pid'),
    hosts: [socket],
    ...(hasSysResource() ? {} : await runtimeWithoutSysResource()),
  };
}

async function runtimeWithoutSysResource(): Promise<object> {
  const source = join(import.meta.dirname, 'runc-without-sys-resource');
  // Not from the checkout: the engine may outlive it.
  const folder = await cached('runc', [readFileSync(source, 'utf8')], (into) => {
    copyFileSync(source, join(into, 'runc'));
  });
  return {
    runtimes: { 'without-sys-resource': { path: join(folder, 'runc') } },
    'default-runtime': 'without-sys-resource',
  };
}

/** Whether a privileged container can have all capabilities: some hosts hold CAP_SYS_RESOURCE (24) back. */
function hasSysResource(): boolean {
  const bounding = /^CapBnd:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return (BigInt(`0x${bounding ?? '0'}`) & (1n << 24n)) !== 0n;
}

async function answers(): Promise<boolean> {
  const version = await capture('docker', ['version'], { env }).catch(() => undefined);
  return version?.code === 0;
}

function processId(file: keyof typeof processes): number | undefined {
  const path = join(runFolder, file);
  if (!existsSync(path)) return undefined;
  const id = Number(readFileSync(path, 'utf8'));
  return isRunning(id, processes[file]) ? id : undefined;
}

function isRunning(id: number, name: string): boolean {
  const file = `/proc/${id}/cmdline`;
  return existsSync(file) && readFileSync(file, 'utf8').split('\0')[0]?.endsWith(name) === true;
}
