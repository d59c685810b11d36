// A provider that makes its own certificates and sealing key in the stand-in for the Kubernetes API server, and what a
// launcher and Kyverno do with them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { computeMac } from '../admission/sealed-message.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { StoredObject } from './kubernetes-objects.ts';
import { createQuestion, sealQuestion } from './kyverno.ts';
import { installProvider } from './provider-installation.ts';
import type { ProviderEnvironment } from './provider-process.ts';

const NAMESPACE = 'piggy-system';

export const paths = {
  authority: `/api/v1/namespaces/${NAMESPACE}/secrets/piggy-ca-key`,
  serving: `/api/v1/namespaces/${NAMESPACE}/secrets/piggy-tls`,
  bundle: `/api/v1/namespaces/${NAMESPACE}/configmaps/piggy-ca`,
  sealingKey: `/api/v1/namespaces/${NAMESPACE}/secrets/piggy-admission`,
} as const;

export type ObjectName = keyof typeof paths;

export type ManagedInstallation = {
  readonly env: ProviderEnvironment;
  readonly remove: () => void;
};

export async function installManaged(kubernetes: KubernetesApi): Promise<ManagedInstallation> {
  const { env, remove } = await installProvider({ kubernetes });
  return {
    env: {
      ...env,
      PIGGY_CERTIFICATES: 'managed',
      PIGGY_SEALING_KEY: 'managed',
      PIGGY_NAMESPACE: NAMESPACE,
      PIGGY_CERTIFICATE_NAMES: '127.0.0.1',
      PIGGY_KEY_POLL: '100ms',
      // The tests are one client that asks as often as it can.
      PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: '100000',
    },
    remove,
  };
}

/** What stands in an entry of an object, decoded where that is a Secret's. */
export function readEntry(kubernetes: KubernetesApi, object: ObjectName, entry: string): string {
  const text = kubernetes.readObject(paths[object])?.data?.[entry] ?? '';
  return object === 'bundle' ? text : Buffer.from(text, 'base64').toString();
}

/** As Kyverno sees it: undecoded. */
export function readSealingKey(kubernetes: KubernetesApi, entry = 'key'): string {
  return kubernetes.readObject(paths.sealingKey)?.data?.[entry] ?? '';
}

/** As `kubectl annotate --overwrite` does. */
export function annotate(
  kubernetes: KubernetesApi,
  object: ObjectName,
  annotations: Readonly<Record<string, string>>,
): void {
  const present = kubernetes.readObject(paths[object]);
  assert.ok(present);
  const { metadata } = present;
  kubernetes.putObject(paths[object], {
    ...present,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
  });
}

export function withEntries(
  kubernetes: KubernetesApi,
  object: ObjectName,
  data: Readonly<Record<string, string>>,
): StoredObject {
  const present = kubernetes.readObject(paths[object]);
  assert.ok(present);
  return { ...present, data: { ...present.data, ...data } };
}

export type Shake = {
  readonly status: number;
  readonly serial: string;
  readonly socket: TLSSocket;
};

/** A launcher's request by TLS, of which the status shows that it was answered. */
export async function askAsLauncher(launchUrl: string, agent: Agent): Promise<Shake> {
  const sent = request(`${launchUrl}/v1/secret`, { method: 'POST', agent });
  sent.setHeader('content-type', 'application/json').end('{');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { socket } = response;
  assert.ok(socket instanceof TLSSocket);
  const serial = socket.getPeerCertificate().serialNumber;
  await text(response);
  return { status: response.statusCode ?? 0, serial, socket };
}

/** Kyverno's question under this key; answers the HTTP status, and refuses an answer under another key. */
export async function askAsKyverno(lookupUrl: string, key: string): Promise<number> {
  const nonce = randomBytes(16).toString('hex');
  const body = sealQuestion(createQuestion({ nonce }), key);
  const response = await fetch(`${lookupUrl}/kyverno/v1/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const answer = (await response.json()) as { payload?: string; mac?: string };
  if (response.status === 200) {
    assert.equal(answer.mac, computeMac(key, 'answer', answer.payload ?? ''));
  }
  return response.status;
}

/** What /readyz answers. */
export async function readReadiness(operationsUrl: string) {
  const response = await fetch(`${operationsUrl}/readyz`);
  const body = (await response.json()) as { obstacles: string[]; warnings?: string[] };
  return { status: response.status, obstacles: body.obstacles, warnings: body.warnings ?? [] };
}

/** Asks again and again until the answer is as wanted. */
export async function waitFor<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && isWanted(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
