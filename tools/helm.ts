// Runs Helm on our chart: what it renders for these values, or why it refuses them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { goTool } from './go-tools.ts';
import { capture, output } from './run.ts';

export const chartFolder = join(import.meta.dirname, '..', 'charts', 'piggy');

/** An object that the chart renders: all of it, whatever its fields. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
} & Readonly<Record<string, unknown>>;

export type Values = Readonly<Record<string, unknown>>;

export type Release = {
  readonly values?: Values;
  readonly name?: string;
  readonly namespace?: string;
  /** Of Kubernetes. */
  readonly kubeVersion?: string;
};

export type Helm = {
  /** The text as Helm prints it; throws what it says where it refuses. */
  readonly render: (release?: Release) => Promise<string>;
  /** What Helm says against the values; throws where it does not refuse them. */
  readonly refusalOf: (values: Values, kubeVersion?: string) => Promise<string>;
  /** What `helm lint --strict` finds, and its exit code. */
  readonly lint: (release: Release) => Promise<{ readonly code: number; readonly text: string }>;
};

/** `helm` is the newest major version, `helm3` the one before. */
export async function createHelm(version: 'helm' | 'helm3' = 'helm'): Promise<Helm> {
  const program = await goTool(version, console.log);
  const template = (release: Release, file: string) => {
    // The version is of the cluster that there is not; one and the same for every Helm.
    const { name = 'piggy', namespace = 'piggy-system', kubeVersion = '1.30.0' } = release;
    const where = ['--namespace', namespace, '--kube-version', kubeVersion];
    return ['template', name, chartFolder, ...where, '--values', file];
  };
  return {
    render: (release = {}) =>
      withValues(release.values, (file) => output(program, template(release, file))),
    refusalOf: (values, kubeVersion = '1.30.0') =>
      withValues(values, async (file) => {
        const { code, stderr, stdout } = await capture(program, template({ kubeVersion }, file));
        if (code !== 0) return stderr.trim();
        throw new Error(`helm did not refuse ${JSON.stringify(values)}:\n${stdout}`);
      }),
    lint: ({ values, kubeVersion = '1.30.0' }) =>
      withValues(values, async (file) => {
        const flags = ['--strict', '--quiet', '--kube-version', kubeVersion, '--values', file];
        const args = ['lint', ...flags, chartFolder];
        const { code, stdout, stderr } = await capture(program, args);
        return { code, text: stdout + stderr };
      }),
  };
}

/** Throws where the text is no YAML, or names a key twice. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [mistake] = document.errors;
    if (mistake) throw mistake;
    return document.contents === null ? [] : [document.toJSON() as Manifest];
  });
}

async function withValues<T>(values: Values = {}, work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'helm-values-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
