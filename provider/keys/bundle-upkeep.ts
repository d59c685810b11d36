// For certificates out of files, as cert-manager mounts them: keeps the authority beside them in the ConfigMap that the
// policy reads. It adds authorities and removes expired ones, so a replaced authority overlaps with the new one.

import { ProviderError } from '../errors.ts';
import type { OwnObject } from '../kubernetes/own-objects-client.ts';
import { parseBundle } from './authority-bundle.ts';
import { decideBundle } from './decide-certificates.ts';
import { composeOwn, selectOwnData } from './own-object.ts';
import { settle, type Writer } from './settle.ts';

export type BundleUpkeepOptions = {
  readonly writer: Writer;
  readonly bundleConfigMap: string;
  /** The text of `ca.crt`. */
  readonly readAuthority: () => Promise<string>;
  readonly now: () => number;
};

type PublishStep = { readonly kind: 'publish bundle'; readonly bundle: string };

export function createBundleUpkeep(options: BundleUpkeepOptions): () => Promise<undefined> {
  const { writer, bundleConfigMap, readAuthority, now } = options;
  const place = { kind: 'ConfigMap', name: bundleConfigMap } as const;
  return async () => {
    const required = parseBundle(await readAuthority());
    if (required.length === 0) {
      throw new ProviderError('internal_error', 'the file ca.crt holds no certificate');
    }
    return settle<OwnObject | undefined, PublishStep, undefined>(
      {
        read: () => writer.objects.read(place.kind, place.name),
        decide: (object) => {
          const bundle = decideBundle(selectOwnData(object)?.['ca.crt'], required, now());
          return bundle === undefined
            ? { settled: undefined }
            : { step: { kind: 'publish bundle', bundle } };
        },
        compose: ({ bundle }, object) =>
          composeOwn(place, object, { data: { ...object?.data, 'ca.crt': bundle } }),
      },
      writer,
    );
  };
}
