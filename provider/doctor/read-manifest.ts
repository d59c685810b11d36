// Reads the Pod out of a manifest: a Pod's own, or that of a Deployment, Job and whatever else has a template.

import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { parseAllDocuments, type Document } from 'yaml';
import { fieldsOf, listOf, readField } from './cluster-object.ts';

const MAX_BYTES = 1_048_576;

/** Without a status, as nothing of it runs yet. Throws a RangeError that says what is wrong. */
export function parseManifest(text: string, namespaceIfNone: string): V1Pod {
  if (text.length > MAX_BYTES) throw new RangeError('the manifest is larger than 1 MiB');
  const [document, ...others] = parseAllDocuments(text);
  if (document === undefined || others.length > 0) {
    throw new RangeError('the manifest must hold one object');
  }
  if (document.errors.length > 0) throw new RangeError('the manifest is not YAML');
  const object = toObject(document);
  const template =
    readField(object, 'spec', 'jobTemplate', 'spec', 'template') ??
    readField(object, 'spec', 'template') ??
    object;
  const spec = readField(template, 'spec');
  if (!hasContainers(spec)) {
    throw new RangeError('the manifest is neither a Pod nor has it a template of one');
  }
  const annotations = Object.entries(fieldsOf(readField(template, 'metadata', 'annotations')));
  const pod: unknown = {
    metadata: {
      namespace: textAt(object, 'namespace') ?? namespaceIfNone,
      name: textAt(object, 'name') ?? 'without-name',
      annotations: Object.fromEntries(annotations.map(([name, value]) => [name, String(value)])),
    },
    spec,
  };
  // The API server checks the other fields; here each is read as if it may be missing.
  return pod as V1Pod;
}

function toObject(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new RangeError('the manifest uses too many aliases', { cause: error });
  }
}

function textAt(object: unknown, field: string): string | undefined {
  const value = readField(object, 'metadata', field);
  return typeof value === 'string' ? value : undefined;
}

function hasContainers(spec: unknown): spec is V1PodSpec {
  const containers = listOf(readField(spec, 'containers'));
  return (
    containers.length > 0 &&
    containers.every((container) => typeof readField(container, 'name') === 'string')
  );
}
