// Keeps the CA, its bundle and the serving certificate in their objects as decide-certificates.ts wants them.

import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';
import type { CertificateAndKey, ServingNames } from './certificates.ts';
import {
  authorityEntries,
  type CertificateStep,
  decideCertificates,
  type StoredCertificates,
  type UsableCertificates,
} from './decide-certificates.ts';
import {
  composeOwn,
  decodeEntries,
  encodeEntries,
  type Entries,
  selectOwnData,
} from './own-object.ts';
import { settle, type Writer } from './settle.ts';

export const REPLACEMENT_ANNOTATION = 'piggysec.com/ca-replacement';

export type CertificateUpkeepOptions = {
  readonly writer: Writer;
  readonly objectNames: {
    readonly authoritySecret: string;
    readonly bundleConfigMap: string;
    readonly servingSecret: string;
  };
  readonly names: ServingNames;
  readonly lifetimeMs: number;
  readonly authorityLifetimeMs: number;
  readonly now: () => number;
};

type Found = {
  readonly objects: Readonly<Record<'authority' | 'bundle' | 'serving', OwnObject | undefined>>;
  readonly stored: StoredCertificates;
};

const DAY_MS = 86_400_000;

/** Loaded when something is to be made, once in weeks: it would be a twelfth of the start. */
const loadCertificates = () => import('./certificates.ts');

/** One pass: whatever is missing or due is made, and what then stands there is answered. */
export function createCertificateUpkeep(
  options: CertificateUpkeepOptions,
): () => Promise<UsableCertificates> {
  const { writer, names, lifetimeMs, now } = options;
  const compose = createComposer(options);
  return () =>
    settle<Found, CertificateStep, UsableCertificates>(
      {
        read: () => readObjects(writer.objects, options.objectNames),
        decide: ({ stored }) => decideCertificates(stored, { names, lifetimeMs, nowMs: now() }),
        compose,
      },
      writer,
    );
}

async function readObjects(
  { read }: OwnObjects,
  { authoritySecret, bundleConfigMap, servingSecret }: CertificateUpkeepOptions['objectNames'],
): Promise<Found> {
  const [authority, bundle, serving] = await Promise.all([
    read('Secret', authoritySecret),
    read('ConfigMap', bundleConfigMap),
    read('Secret', servingSecret),
  ]);
  return {
    objects: { authority, bundle, serving },
    stored: {
      authority: decode(selectOwnData(authority)),
      replacement: authority?.metadata.annotations?.[REPLACEMENT_ANNOTATION],
      bundle: selectOwnData(bundle)?.['ca.crt'],
      serving: decode(selectOwnData(serving)),
    },
  };
}

function decode(data: Entries | undefined): Entries | undefined {
  return data === undefined ? undefined : decodeEntries(data);
}

function createComposer({ objectNames, authorityLifetimeMs, now }: CertificateUpkeepOptions) {
  const { bundleConfigMap, servingSecret } = objectNames;
  const composeAuthority = createAuthorityComposer(objectNames.authoritySecret, async () => {
    const { createAuthority } = await loadCertificates();
    const notBefore = new Date(now() - Math.min(DAY_MS, authorityLifetimeMs / 10));
    const notAfter = new Date(now() + authorityLifetimeMs);
    // Launchers find the signer among several by its name, too.
    return createAuthority(`piggy ${notAfter.toISOString()}`, { notBefore, notAfter });
  });
  return async (step: CertificateStep, found: Found): Promise<OwnObject> => {
    if (step.kind === 'publish bundle') {
      const place = { kind: 'ConfigMap', name: bundleConfigMap } as const;
      const data = { ...found.objects.bundle?.data, 'ca.crt': step.bundle };
      return composeOwn(place, found.objects.bundle, { data });
    }
    if (step.kind !== 'issue certificate') return composeAuthority(step, found);
    const { issueServingCertificate } = await loadCertificates();
    const issued = await issueServingCertificate(step.authority, step.names, step.validity);
    const data = encodeEntries(toEntries(issued, authorityEntries.current));
    const place = { kind: 'Secret', name: servingSecret } as const;
    return composeOwn(place, found.objects.serving, { type: 'kubernetes.io/tls', data });
  };
}

type AuthorityStep = Exclude<
  CertificateStep,
  { readonly kind: 'publish bundle' | 'issue certificate' }
>;

function createAuthorityComposer(name: string, makeAuthority: () => Promise<CertificateAndKey>) {
  const place = { kind: 'Secret', name } as const;
  return async ({ kind }: AuthorityStep, { objects, stored }: Found): Promise<OwnObject> => {
    const entries = stored.authority ?? {};
    const compose = (changed: Entries, annotations = {}) =>
      composeOwn(place, objects.authority, {
        type: 'Opaque',
        data: encodeEntries(changed),
        annotations,
      });
    switch (kind) {
      case 'make authority':
        return compose(toEntries(await makeAuthority(), authorityEntries.current));
      case 'prepare next authority': {
        const next = toEntries(await makeAuthority(), authorityEntries.next);
        return compose({ ...entries, ...next });
      }
      case 'switch to next authority':
        return compose(switchEntries(entries));
      case 'finish replacement':
        return finishReplacement(entries, compose);
    }
  };
}

function toEntries(
  { certificate, privateKey }: CertificateAndKey,
  names: CertificateAndKey,
): Entries {
  return { [names.certificate]: certificate, [names.privateKey]: privateKey };
}

/** The key of the former authority goes: nothing is to be signed by it any more. */
function switchEntries(entries: Entries): Entries {
  const { current, next, former } = authorityEntries;
  return {
    [current.certificate]: entries[next.certificate] ?? '',
    [current.privateKey]: entries[next.privateKey] ?? '',
    [former]: entries[current.certificate] ?? '',
  };
}

/** First the other authorities go from the Secret, then from the bundle, and at last the annotation: none comes back. */
function finishReplacement(
  entries: Entries,
  write: (left: Entries, annotations: Record<string, undefined>) => OwnObject,
): OwnObject {
  const { certificate, privateKey } = authorityEntries.current;
  const left = {
    [certificate]: entries[certificate] ?? '',
    [privateKey]: entries[privateKey] ?? '',
  };
  const isClean = Object.keys(entries).length === Object.keys(left).length;
  return write(left, isClean ? { [REPLACEMENT_ANNOTATION]: undefined } : {});
}
