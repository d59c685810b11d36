// Starts the provider and stops it again: the outline of its life. What it is built from stands in wiring/.

import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { text } from 'node:stream/consumers';
import { type Config, ConfigError, loadConfig } from './config/load-config.ts';
import { createReadiness } from './http/readiness.ts';
import { createLogger } from './observability/logger.ts';
import { createMetrics } from './observability/metrics.ts';
import { createStandardOutput, type LogOutput } from './observability/standard-output.ts';
import { renewBeforeEnd } from './secrets/own-credentials.ts';
import { wireKubernetes } from './wiring/kubernetes.ts';
import { wireLaunches } from './wiring/launches.ts';
import { listen, type Servers } from './wiring/listeners.ts';
import { type LookupThread, startLookupThread } from './wiring/lookup-thread.ts';
import type { Provider } from './wiring/provider.ts';
import { createKeys } from './wiring/keys.ts';
import { watchAccessRules } from './wiring/watched-settings.ts';

/** Of ten seconds, which is less than the kubelet grants by default. */
const STOP_MS = 9_500;

// Two programs in one image: the provider, and the doctor that looks at an installation of it (docs/operations.md).
if (process.argv[2] === 'doctor') await doctor(process.argv.slice(3));
else await main();

async function main(): Promise<void> {
  const output = createStandardOutput();
  process.on('exit', output.flush);
  const fallbackLog = createLogger('info', output);
  process.on('uncaughtException', (error) => {
    fallbackLog.error({ error }, 'the provider failed');
    process.exit(1);
  });
  try {
    await start(loadConfig(process.env), output);
  } catch (error) {
    if (error instanceof ConfigError) {
      fallbackLog.error(
        { mistakes: error.mistakes },
        'the configuration is wrong, see docs/configuration.md',
      );
    } else {
      fallbackLog.error({ error }, 'the provider cannot start');
    }
    process.exit(1);
  }
}

async function doctor(args: readonly string[]): Promise<void> {
  const write = (text: string) => process.stdout.write(text);
  const readInput = () => text(process.stdin);
  const own = { env: process.env, credentials: defaultProvider() };
  // Only then: the provider itself needs nothing of what it looks with.
  const { runDoctor } = await import('./wiring/doctor.ts');
  process.exitCode = await runDoctor({ args, ...own, readInput, write });
}

async function start(config: Config, output: LogOutput): Promise<void> {
  const provider: Provider = {
    config,
    log: createLogger(config.logLevel, output),
    logWritten: output.written,
    metrics: createMetrics(),
    readiness: createReadiness(),
    stopping: new AbortController(),
  };
  const { log, metrics, readiness } = provider;
  const thread = startLookupThread({
    // Beside this module, both as source and as bundle.
    entry: new URL(import.meta.url.endsWith('.ts') ? 'lookups.ts' : 'lookups.mjs', import.meta.url),
    config,
    ...{ log, metrics },
    writeLines: (lines) => {
      output.write(lines);
    },
  });
  const credentials = renewBeforeEnd(defaultProvider(), Date.now);
  const kubernetes = wireKubernetes(config);
  const accessPolicy = await watchAccessRules(provider);
  const readLaunchValues = wireLaunches(provider, kubernetes, { credentials, accessPolicy });
  const keys = createKeys(provider);
  const servers = await listen(provider, readLaunchValues);
  stopOnSignal(provider, servers, thread);
  const followed = Promise.all([
    keys.followSealingKeys(thread.useKeys),
    keys.followCertificate(servers),
  ]);
  const lookupPort = await thread.listening;
  readiness.setLoaded('listeners');
  await followed;
  await readiness.loaded;
  log.info({ ...servers.ports, lookupPort }, 'ready');
}

function stopOnSignal(
  { config, log, readiness, stopping }: Provider,
  servers: Servers,
  thread: LookupThread,
): void {
  const stop = async (signal: NodeJS.Signals) => {
    if (readiness.isStopping()) return;
    readiness.setStopping();
    log.info({ signal }, 'stopping');
    const times = { drainDelayMs: config.drainDelayMs, withinMs: STOP_MS };
    const endWork = () => {
      stopping.abort();
    };
    await servers.stop({ ...times, endWork }, thread.stop(times));
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
}
