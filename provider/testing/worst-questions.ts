// The most that an author can make of one question of Kyverno, dimension by dimension: for what the provider is held to under
// such load (provider/main-worst.test.ts, npm run bench -- worst). All of it is within the bounds of images/lookup-budget.ts.

import {
  PER_DOCKER_CONFIG,
  PER_IMAGE,
  PER_QUESTION,
  PER_REQUEST,
} from '../images/lookup-budget.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import { createQuestion } from './kyverno.ts';
import {
  createDocument,
  descriptorOf,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
  type Document,
} from './registry-images.ts';
import type { TestRegistry } from './registry.ts';

export type WorstStandIns = {
  readonly registry: TestRegistry;
  readonly kubernetes: Pick<KubernetesApi, 'putSecret'>;
};

export type WorstKind = keyof typeof kinds;

/** The question, of images that nothing is known of yet; `namespace` has what it needs from now on. */
export function createWorstQuestion(
  standIns: WorstStandIns,
  kind: WorstKind,
  namespace: string,
): object {
  return createQuestion({ namespace, ...kinds[kind](standIns, namespace) });
}

const { images: IMAGES, pullSecrets: PULL_SECRETS, bytesAnswered: BYTES_ANSWERED } = PER_QUESTION;

type Kinds = Record<string, (standIns: WorstStandIns, namespace: string) => object>;

/** As long as documents may be. Of the first character each one takes two bytes as text, so the text is twice as long. */
const LONG_TEXT = 'Ω'.padEnd(PER_REQUEST.contentBytes - 1_000, 'x');

/** As many as documents may hold: of each, two marks are counted (images/registry-json.ts). */
const MANY_VALUES = Array(49_900).fill({});

const failing = {
  'manifests that are no JSON': ({ registry }) =>
    documents(registry, 'no-json', createDocument(OCI_MANIFEST, `{"config":"${LONG_TEXT}"`)),
  'manifests of no image': ({ registry }) =>
    documents(
      registry,
      'no-image',
      createDocument(OCI_MANIFEST, { config: { mediaType: LONG_TEXT } }),
    ),
  'indexes of as many values as are read, without images': ({ registry }) =>
    documents(registry, 'no-images', createDocument(OCI_INDEX, { manifests: MANY_VALUES })),
  'configs of no image': ({ registry }) =>
    images(registry, 'no-config', () => configOf({ Entrypoint: LONG_TEXT })),
  'indexes of two such configs each, which are read side by side': ({ registry }) =>
    indexes(registry, 'no-configs', { config: configOf({ Entrypoint: LONG_TEXT }), platforms: 2 }),
} as const satisfies Kinds;

const readable = {
  'commands as long as the answer may be': ({ registry }) =>
    images(registry, 'long-commands', () =>
      configOf({ Entrypoint: ['/app', 'x'.repeat(BYTES_ANSWERED / IMAGES - 100)] }),
    ),
  'configs as long as are read': ({ registry }) =>
    images(registry, 'long-configs', () =>
      configOf({ Entrypoint: ['/app'] }, { history: 'x'.repeat(PER_REQUEST.contentBytes - 1_000) }),
    ),
  'configs of as many values as are read': ({ registry }) =>
    images(registry, 'many-values', () =>
      configOf({ Entrypoint: ['/app'] }, { history: MANY_VALUES }),
    ),
  'indexes of as many platforms as are read': ({ registry }) =>
    indexes(registry, 'platforms', {
      config: configOf({ Entrypoint: ['/app'] }),
      platforms: PER_IMAGE.platforms - 1,
    }),
  'pull secrets as many and as large as there can be': ({ registry, kubernetes }, namespace) => ({
    ...images(registry, 'pull-secrets', () => configOf({ Entrypoint: ['/app'] })),
    imagePullSecrets: pullSecrets(kubernetes, namespace, manyEntries),
  }),
} as const satisfies Kinds;

const kinds = {
  ...readable,
  'credentials that are all refused': ({ registry, kubernetes }, namespace) => {
    // By path, so that others are let in.
    registry.answerNext(Infinity, /\/refused\//, { status: 403 });
    return {
      ...images(registry, 'refused', () => configOf({ Entrypoint: ['/app'] })),
      imagePullSecrets: pullSecrets(kubernetes, namespace, (index) => ({
        [registry.host]: { username: `robot-${index}`, password: 'wrong' },
      })),
    };
  },
  'a registry that never answers': ({ registry }) => {
    registry.neverAnswer(/\/silent\//);
    return images(registry, 'silent', () => configOf({ Entrypoint: ['/app'] }));
  },
  ...failing,
} as const satisfies Kinds;

export const worstKinds = Object.keys(kinds) as readonly WorstKind[];

/** Whose images are read, as far as one question may go. */
export const readableKinds = Object.keys(readable) as readonly WorstKind[];

/** That are told from images only when they have been read. */
export const failingKinds = Object.keys(failing) as readonly (keyof typeof failing)[];

function configOf(config: object, more: object = {}): Document {
  const content = { os: 'linux', architecture: 'amd64', config, ...more };
  return createDocument(OCI_CONFIG, content);
}

let made = 0;

/** Each under a tag and a digest of its own; they share their config, which is read for each of them. */
function images(registry: TestRegistry, name: string, createConfig: () => Document) {
  const repository = `${name}/team`;
  const config = createConfig();
  registry.addBlob(repository, config.bytes.toString());
  const references = Array.from({ length: IMAGES }, () => {
    const tag = `v${(made += 1)}`;
    const content = manifestOf(config, tag);
    registry.addManifest(repository, tag, { contentType: OCI_MANIFEST, content });
    return `${registry.host}/${repository}:${tag}`;
  });
  return { images: references };
}

/** The same under as many tags, in place of a manifest. */
function documents(registry: TestRegistry, name: string, document: Document) {
  const repository = `${name}/team`;
  const { bytes: body, contentType } = document;
  const headers = { 'content-type': contentType };
  registry.answerNext(Infinity, new RegExp(`/${repository}/`), { status: 200, headers, body });
  const references = Array.from(
    { length: IMAGES },
    () => `${registry.host}/${repository}:v${(made += 1)}`,
  );
  return { images: references };
}

function manifestOf(config: Document, mark: string): object {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(config),
    layers: [],
    annotations: { mark },
  };
}

/** Of so many platforms, which share their config; it is read for each of them. */
function indexes(
  registry: TestRegistry,
  name: string,
  { config, platforms }: { readonly config: Document; readonly platforms: number },
) {
  const repository = `${name}/team`;
  registry.addBlob(repository, config.bytes.toString());
  const manifests = Array.from({ length: platforms }, (_, index) => {
    const content = manifestOf(config, `platform ${index}`);
    const manifest = createDocument(OCI_MANIFEST, content);
    registry.addManifest(repository, manifest.digest, { contentType: OCI_MANIFEST, content });
    return descriptorOf(manifest);
  });
  const references = Array.from({ length: IMAGES }, () => {
    const tag = `v${(made += 1)}`;
    const content = { schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: { tag } };
    registry.addManifest(repository, tag, { contentType: OCI_INDEX, content });
    return `${registry.host}/${repository}:${tag}`;
  });
  return { images: references };
}

/** A Secret holds 1 MiB at most. */
function manyEntries(): object {
  const auth = Buffer.from(`robot:${'x'.repeat(1_400)}`).toString('base64');
  const entries = Array.from({ length: PER_DOCKER_CONFIG.entries }, (_, index) => [
    `registry-${index}.example`,
    { auth },
  ]);
  return Object.fromEntries(entries) as object;
}

function pullSecrets(
  kubernetes: WorstStandIns['kubernetes'],
  namespace: string,
  authsOf: (index: number) => object,
): readonly string[] {
  return Array.from({ length: PULL_SECRETS }, (_, index) => {
    const name = `pull-${(made += 1)}`;
    const text = JSON.stringify({ auths: authsOf(index) });
    kubernetes.putSecret({
      metadata: { namespace, name },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
    } as Parameters<typeof kubernetes.putSecret>[0]);
    return name;
  });
}
