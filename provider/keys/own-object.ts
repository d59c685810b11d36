// What the provider made itself carries its label; what does not is somebody else's and is never overwritten.

import { ProviderError } from '../errors.ts';
import type { OwnObject, OwnObjectKind } from '../kubernetes/own-objects-client.ts';

export const OWNER_LABEL = 'piggysec.com/made-by';
const OWNER = 'provider';

export type Entries = Readonly<Record<string, string>>;

export type Place = { readonly kind: OwnObjectKind; readonly name: string };

/** `undefined` where there is none, or an empty one that waits to be filled. Throws `internal_error` for somebody else's. */
export function selectOwnData(object: OwnObject | undefined): Entries | undefined {
  if (object === undefined) return undefined;
  const { kind, data, metadata } = object;
  if (metadata.labels?.[OWNER_LABEL] !== OWNER) {
    throw new ProviderError(
      'internal_error',
      `the ${kind} ${metadata.name} was not made by the provider and is not touched: delete it, or let the provider have it ` +
        `by the label ${OWNER_LABEL}=${OWNER}, or choose \`files\` (docs/certificates.md)`,
    );
  }
  return Object.keys(data).length === 0 ? undefined : data;
}

export type Changes = {
  readonly type?: string;
  readonly data: Entries;
  /** In place of those of the same name; `undefined` removes one. */
  readonly annotations?: Readonly<Record<string, string | undefined>>;
};

/** The object as it was found, if it was, with what is to change. A Secret's type stays: the API server lets nobody change it. */
export function composeOwn(
  place: Place,
  found: OwnObject | undefined,
  changes: Changes,
): OwnObject {
  const base: OwnObject = found ?? {
    kind: place.kind,
    ...(changes.type === undefined ? {} : { type: changes.type }),
    metadata: { name: place.name },
    data: {},
  };
  const annotations = Object.entries({ ...base.metadata.annotations, ...changes.annotations });
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { ...base.metadata.labels, [OWNER_LABEL]: OWNER },
      annotations: Object.fromEntries(
        annotations.filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
    },
    data: changes.data,
  };
}

export function decodeEntries(data: Entries): Entries {
  return mapValues(data, (text) => Buffer.from(text, 'base64').toString('utf8'));
}

export function encodeEntries(entries: Entries): Entries {
  return mapValues(entries, (text) => Buffer.from(text, 'utf8').toString('base64'));
}

function mapValues(entries: Entries, change: (text: string) => string): Entries {
  return Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, change(text)]));
}
