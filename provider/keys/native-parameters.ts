// Keeps the one ConfigMap that native/inject-secrets reads: the settings of the installation, the CA beside them, and the mark by
// which launchers find what the kubelet put in for $(NAME), which that policy cannot make (decision 37).

import { ProviderError } from '../errors.ts';
import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';
import { composeOwn, type Entries, selectOwnData } from './own-object.ts';
import { type Decision, settle, type Writer } from './settle.ts';

export type NativeParametersOptions = {
  readonly writer: Writer;
  readonly bundleConfigMap: string;
  /** Eight hexadecimal digits, the first of them a letter. */
  readonly randomMark: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** As the policies name them. */
const SETTINGS = 'piggy';
const PARAMETERS = 'piggy-native';
const MARK_SINCE = 'piggysec.com/mark-since';
const MARK_LASTS_MS = 3_600_000;

type Found = {
  readonly stored: OwnObject | undefined;
  readonly settings: Entries;
  readonly ca: string | undefined;
};

type Step = {
  readonly kind: 'write settings' | 'change the mark';
  readonly data: Entries;
  readonly since: string;
};

/** One pass: what is not as it should be is written. */
export function createNativeParameters(options: NativeParametersOptions): () => Promise<undefined> {
  const { writer, bundleConfigMap } = options;
  const place = { kind: 'ConfigMap', name: PARAMETERS } as const;
  return () =>
    settle<Found, Step, undefined>(
      {
        read: () => readObjects(writer.objects, bundleConfigMap),
        decide: (found) => decideParameters(found, options),
        compose: ({ data, since }, { stored }) =>
          composeOwn(place, stored, { data, annotations: { [MARK_SINCE]: since } }),
      },
      writer,
    );
}

async function readObjects(objects: OwnObjects, bundleConfigMap: string): Promise<Found> {
  const [stored, settings, bundle] = await Promise.all(
    [PARAMETERS, SETTINGS, bundleConfigMap].map((name) => objects.read('ConfigMap', name)),
  );
  if (settings === undefined) {
    throw new ProviderError(
      'internal_error',
      `the ConfigMap ${SETTINGS} is not in namespace ${objects.namespace}: the policy takes its settings from there, so create it`,
    );
  }
  return { stored, settings: settings.data, ca: bundle?.data['ca.crt'] };
}

function decideParameters(
  { stored, settings, ca }: Found,
  { randomMark, now }: NativeParametersOptions,
): Decision<Step, undefined> {
  const current = selectOwnData(stored) ?? {};
  const kept = selectMark(stored, current, now());
  const { mark, since } = kept ?? { mark: randomMark(), since: new Date(now()).toISOString() };
  const data = { ...settings, ...(ca === undefined ? {} : { 'ca.crt': ca }), mark };
  if (isSame(data, current)) return { settled: undefined };
  return { step: { kind: kept ? 'write settings' : 'change the mark', data, since } };
}

/** Until it is an hour old. A time that is none, or far ahead of us, is not less. */
function selectMark(stored: OwnObject | undefined, { mark = '' }: Entries, nowMs: number) {
  const since = stored?.metadata.annotations?.[MARK_SINCE] ?? '';
  const isYoung = Math.abs(nowMs - Date.parse(since)) < MARK_LASTS_MS;
  return isYoung && /^[a-f][\da-f]{7}$/.test(mark) ? { mark, since } : undefined;
}

function isSame(one: Entries, other: Entries): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  );
}
