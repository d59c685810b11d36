// Validates manifests as the API server does, by the OpenAPI schemas of Kubernetes and the CRDs of others, which their Go
// modules hold; and, unlike the API server, refuses fields that nobody knows.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { goModuleFolder } from './go-tools.ts';
import type { Manifest } from './helm.ts';
import { kubernetesSource, newestKubernetes } from './kubernetes.ts';

type Schema = { readonly [key: string]: unknown };

/** What is wrong with the manifest, or an empty list. */
export type FindMistakes = (manifest: Manifest) => readonly string[];

const customResources: readonly (readonly [module: string, path: string, files: string])[] = [
  ['kyverno', 'github.com/kyverno/kyverno', 'config/crds/policies.kyverno.io/*.yaml'],
  ['crds', 'github.com/cert-manager/cert-manager', 'deploy/crds/cert-manager.io_certificates.yaml'],
  [
    'crds',
    'github.com/prometheus-operator/prometheus-operator',
    'example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml',
  ],
];

export async function createManifestValidator(): Promise<FindMistakes> {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const references = new Map([...(await addKubernetes(ajv)), ...(await addCustomResources(ajv))]);
  const compiled = new Map<string, ValidateFunction>();
  return (manifest) => {
    const kind = `${manifest.apiVersion}/${manifest.kind}`;
    const reference = references.get(kind);
    if (reference === undefined) return [`there is no kind ${kind}`];
    const { name } = manifest.metadata;
    const validate = compiled.get(kind) ?? ajv.compile({ $ref: reference });
    compiled.set(kind, validate);
    if (validate(manifest)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = '', params }) =>
        `${kind} ${name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** Returns where the schema of each kind is. */
async function addKubernetes(ajv: Ajv): Promise<[kind: string, reference: string][]> {
  const folder = await kubernetesSource(newestKubernetes());
  const text = readFileSync(join(folder, 'api/openapi-spec/swagger.json'), 'utf8');
  const { definitions } = JSON.parse(text) as { definitions: Record<string, Schema> };
  ajv.addSchema({ $id: 'kubernetes', definitions: closed(definitions) });
  return Object.entries(definitions).flatMap(([name, schema]) =>
    kindsOf(schema).map((kind): [string, string] => [kind, `kubernetes#/definitions/${name}`]),
  );
}

async function addCustomResources(ajv: Ajv): Promise<[kind: string, reference: string][]> {
  const references: [string, string][] = [];
  for (const [module, path, files] of customResources) {
    const folder = await goModuleFolder(module, path);
    for (const file of globSync(files, { cwd: folder })) {
      const { spec } = parse(readFileSync(join(folder, file), 'utf8')) as CustomResource;
      for (const version of spec.versions) {
        const kind = `${spec.group}/${version.name}/${spec.names.kind}`;
        ajv.addSchema({ $id: kind, ...(closed(version.schema.openAPIV3Schema) as Schema) });
        references.push([kind, kind]);
      }
    }
  }
  return references;
}

type CustomResource = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
};

function kindsOf(schema: Schema): string[] {
  const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
  return kinds.map(({ group, version, kind }) =>
    group === '' ? `${version}/${kind}` : `${group}/${version}/${kind}`,
  );
}

/** The schema, in which an object that names its fields takes no others, and that knows of integers as text. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const copy: Schema = Object.fromEntries(entries);
  if (copy['format'] === 'int-or-string' || copy['x-kubernetes-int-or-string'] === true) {
    return { ...copy, type: ['integer', 'string'] };
  }
  // Go's way to ignore case; none of our manifests makes use of it.
  if (typeof copy['pattern'] === 'string') {
    return { ...copy, pattern: copy['pattern'].replace('(?i)', '') };
  }
  return isOpen(copy) ? copy : { ...copy, additionalProperties: false };
}

function isOpen(schema: Schema): boolean {
  const namesFields = typeof schema['properties'] === 'object' && schema['type'] === 'object';
  const takesOthers =
    'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return !namesFields || takesOthers;
}
