// Builds what the doctor looks with, out of what the provider itself works with, and runs it.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Config, ConfigError, type Environment, loadConfig } from '../config/load-config.ts';
import { parseDoctorArguments, usage, type DoctorQuestion } from '../doctor/arguments.ts';
import { readCallerIdentity } from '../doctor/caller-identity-client.ts';
import { createClusterClient, type ClusterRead } from '../doctor/cluster-client.ts';
import { fieldsOf, readField } from '../doctor/cluster-object.ts';
import { describeEcsTask } from '../doctor/describe-ecs-task.ts';
import { parseEcsTask } from '../doctor/ecs-task.ts';
import { examine, type DoctorDependencies } from '../doctor/examine.ts';
import { createPodExplainer } from '../doctor/explain-pod.ts';
import { fails, hasFailure, renderJson, renderText, type Finding } from '../doctor/finding.ts';
import { probeAddress } from '../doctor/launch-address-client.ts';
import { readOperations } from '../doctor/operations-client.ts';
import { parseManifest } from '../doctor/read-manifest.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import { createKubernetesClient } from '../kubernetes/api-client.ts';
import { AUDIENCE } from '../launches/token.ts';
import { parseAccessRules, parseAccessRulesFile } from '../secrets/access-rules.ts';
import {
  createNamedParametersClient,
  createParameterStoreClient,
} from '../secrets/parameter-store-client.ts';
import { createSourcesReader } from '../secrets/read-sources.ts';
import { createRoleCredentials } from '../secrets/role-credentials-client.ts';
import { createSecretsManagerClient } from '../secrets/secrets-manager-client.ts';
import type { SecretSource } from '../secrets/source.ts';
import type { AwsCredentials } from './provider.ts';
import { wireLookups } from './lookups.ts';

export type DoctorCall = {
  readonly credentials: AwsCredentials;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly readInput: () => Promise<string>;
  readonly write: (text: string) => void;
};

const TIMEOUT_MS = 5_000;
/** For all of it. */
const PATIENCE_MS = 60_000;

/** The exit code: 0, 1 where something fails, 2 where it was asked wrongly. */
export async function runDoctor(call: DoctorCall): Promise<number> {
  const { args, write } = call;
  try {
    const question = parseDoctorArguments(args);
    if (question === undefined) {
      write(usage);
      return 0;
    }
    if (question.fromEcs !== undefined) {
      write(await describeEcs(question.fromEcs, call));
      return 0;
    }
    const findings = await findAll(question, call);
    write(question.asJson ? renderJson(findings) : renderText(findings));
    return hasFailure(findings) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    write(`doctor: ${error.message}\n\n${usage}`);
    return 2;
  }
}

/** Of the text alone: neither cluster nor AWS is asked. */
async function describeEcs(
  { file, namespace }: NonNullable<DoctorQuestion['fromEcs']>,
  { readInput }: DoctorCall,
): Promise<string> {
  const text = file === '-' ? await readInput() : await readIfThere(file);
  if (text === '') throw new RangeError(`--from-ecs: ${file} is empty or does not exist`);
  return describeEcsTask(parseEcsTask(text), namespace);
}

async function findAll(question: DoctorQuestion, call: DoctorCall): Promise<readonly Finding[]> {
  try {
    const config = loadConfig(call.env);
    const { dependencies, close } = await wire(config, call);
    const findings = await examine(question, dependencies);
    await close();
    return findings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'correct the ConfigMap piggy (docs/configuration.md); nothing else was checked';
    return [{ check: 'settings', ...fails(error.mistakes.join('; '), advice) }];
  }
}

async function wire(config: Config, { credentials, env, readInput }: DoctorCall) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { kubernetes, readToken, cluster, namespace } = await wireCluster(
    config,
    env['PIGGY_NAMESPACE'],
  );
  const { readSources, ...outside } = wireSecrets(credentials, signal);
  const { readImageConfig, close: closeLookups } = await wireLookups(config, kubernetes, {
    credentials,
  });
  const readRules = async () => readIfThere(config.accessRulesFile);
  const settingsPath = `/api/v1/namespaces/${namespace}/configmaps/piggy`;
  const dependencies: DoctorDependencies = {
    namespace,
    inUse: env,
    readObject: cluster.readObject,
    createReview: cluster.createReview,
    readOperations: (path) => readOperations(operationsAddress(config), path, TIMEOUT_MS),
    probeAddress: (address, ca) => probeAddress({ address, ca, timeoutMs: TIMEOUT_MS }),
    reviewOwnToken: async () => kubernetes.reviewToken(await readToken(), AUDIENCE, signal),
    readAccessRules: async () => parseAccessRules(await readRules()).length,
    ...outside,
    readImage: (reference) => readImageConfig(imageQuestion(reference), signal),
    readPod: (pod) =>
      pod.kind === 'name'
        ? kubernetes.readPod(pod.namespace, pod.name, signal)
        : readInput().then((text) => parseManifest(text, pod.namespace)),
    explainPod: async (pod) => {
      // The check of the rules tells what is wrong with the others; a provider that runs goes on with these.
      const { rules } = parseAccessRulesFile(await readRules());
      const accessPolicy = { ...config.access, rules };
      const settings = settingsIn(await cluster.readObject(settingsPath)) ?? env;
      const own = { accessPolicy, defaults: config.launches, settings, ownNamespace: namespace };
      return createPodExplainer({ readImageConfig, readSources, ...own })(pod, signal);
    },
    nowMs: Date.now(),
  };
  const close = () => Promise.all([cluster.close(), closeLookups()]);
  return { dependencies, close };
}

async function wireCluster({ kubernetes: { server, caFile, tokenFile } }: Config, own = '') {
  const readToken = async () => (await readFile(tokenFile, 'utf8')).trim();
  // Without it every question to the API server fails, and says so.
  const ca = await readIfThere(caFile);
  const options = { server, ca, readToken, timeoutMs: TIMEOUT_MS };
  // The kubelet mounts it beside the token.
  const mounted = (await readIfThere(join(dirname(tokenFile), 'namespace'))).trim();
  return {
    kubernetes: createKubernetesClient(options),
    readToken,
    cluster: createClusterClient(options),
    namespace: own || mounted,
  };
}

function wireSecrets(credentials: AwsCredentials, signal: AbortSignal) {
  const own = {
    credentials,
    connectionTimeoutMs: TIMEOUT_MS,
    requestTimeoutMs: TIMEOUT_MS,
  };
  const aws = { ...own, credentialsOf: createRoleCredentials({ ...own, now: Date.now }) };
  const readSecretVersion = createSecretsManagerClient(aws);
  const readParameters = createParameterStoreClient(aws);
  return {
    readCallerIdentity: (region: string) => readCallerIdentity(aws, region, signal),
    readSources: createSourcesReader({
      readSecretVersion,
      readParameters,
      readNamedParameters: createNamedParametersClient(aws),
    }),
    readSource: async (source: SecretSource) => {
      if (source.kind === 'parameterStore') await readParameters(source, signal);
      if (source.kind === 'secretsManager') await readSecretVersion(source, signal);
    },
  };
}

function operationsAddress({ listeners: { host, operationsPort: port } }: Config) {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const address = everywhere[host] ?? host;
  return { host: address.includes(':') ? `[${address}]` : address, port };
}

function imageQuestion(reference: string): ImageQuestion {
  const withoutPod = { architectures: [], pullSecrets: [], skipVerifyRegistry: false };
  return { reference, pullAlways: true, ...withoutPod };
}

/** As the policy reads them; `undefined` where that is not allowed. */
function settingsIn(read: ClusterRead): Environment | undefined {
  if (read.kind !== 'found') return undefined;
  return fieldsOf(readField(read.object, 'data')) as Environment;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
