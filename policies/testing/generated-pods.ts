// Makes Pods whose containers use all that Kubernetes offers for env, command and args, and for each the same Pod with secret
// values where references stand: what Kubernetes makes of the second is what the first is to come to.

import fc from 'fast-check';
import type { Pod } from '../../tools/kyverno-cli.ts';
import {
  type ContainerShape,
  type Data,
  podShape,
  type PodShape,
  secretValues,
  toLiteral,
  type Value,
} from './pod-shapes.ts';

/** A container of a Pod, and what its env refers to. */
export type World = {
  readonly pod: Pod;
  readonly container: string;
  readonly configMaps: Data<string>;
  readonly secrets: Data<string>;
  readonly services: readonly object[];
};

export type GeneratedContainer = {
  readonly withReferences: World;
  readonly withValues: World;
};

/** The containers of so many Pods, one Pod after the other; the same for the same seed. `program` is what they start. */
export function generateContainers(
  pods: number,
  seed: number,
  program: string,
): GeneratedContainer[] {
  return fc.sample(podShape, { numRuns: pods, seed }).flatMap((shape, index) => {
    const name = `generated-${index}`;
    const withReferences = toPod({ name, program, write: writeReference }, shape);
    const withValues = toPod({ name, program, write: writeValue }, shape);
    return shape.containers.map((container, number) => ({
      withReferences: {
        pod: withReferences,
        container: nameOf(number),
        ...dataOf(container, writeReference),
      },
      withValues: { pod: withValues, container: nameOf(number), ...dataOf(container, writeValue) },
    }));
  });
}

/** How a reference is written: literally in a Pod, where the kubelet expands it, or in a ConfigMap, where it does not. */
type Write = (key: string, end: string, place: 'pod' | 'data') => string;

const writeReference: Write = (key, end) => `piggy:${key}${end}`;
const writeValue: Write = (key, _, place) => {
  const found = secretValues[key] ?? '';
  return place === 'pod' ? found.replaceAll('$', '$$$$') : found;
};

type Making = { readonly name: string; readonly program: string; readonly write: Write };

function toPod({ name, program, write }: Making, shape: PodShape): Pod {
  const containers = shape.containers.map((container, number) => ({
    name: nameOf(number),
    image: 'registry.example/team/app:v1',
    command: [program, ...container.command],
    args: container.args,
    envFrom: container.envFrom,
    // So that it is always wrapped.
    env: [
      ...container.env,
      toLiteral(['LAST', { kind: 'reference', key: 'PASSWORD', end: '' }]),
    ].map((one) =>
      one.kind === 'from'
        ? { name: one.name, valueFrom: one.valueFrom }
        : { name: one.name, value: put(one.value, 'pod', write) },
    ),
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', annotations: { 'piggysec.com/inject': 'true' } },
    spec: { enableServiceLinks: shape.enableServiceLinks, containers },
  };
}

function nameOf(number: number): string {
  return `app-${number}`;
}

/** The containers of a Pod find other data under the same names. */
function dataOf(
  { configMaps, secrets }: ContainerShape,
  write: Write,
): Pick<World, 'configMaps' | 'secrets' | 'services'> {
  const putAll = (all: Data<Value>): Data<string> =>
    mapEach(all, (data) => mapEach(data, (value) => put(value, 'data', write)));
  return { configMaps: putAll(configMaps), secrets: putAll(secrets), services };
}

function mapEach<T, U>(all: Readonly<Record<string, T>>, to: (one: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(all).map(([key, one]) => [key, to(one)]));
}

function put(written: Value, place: 'pod' | 'data', write: Write): string {
  return written.kind === 'text' ? written.text : write(written.key, written.end, place);
}

const services = [
  service({ namespace: 'default', name: 'kubernetes' }, '10.96.0.1', 443),
  service({ namespace: 'shop', name: 'db' }, '10.96.0.2', 5432),
  service({ namespace: 'other', name: 'log' }, '10.96.0.3', 80),
];

function service(metadata: object, clusterIP: string, port: number): object {
  const ports = [{ port, protocol: 'TCP' }];
  return { metadata, spec: { clusterIP, clusterIPs: [clusterIP], ports } };
}
