// Runs our policies with the real Kyverno CLI, as `kyverno apply` does on a laptop.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { capture } from './run.ts';

/** A Pod as JSON: all of it, whatever its fields. */
export type Pod = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
};

/** The objects that the policies read from the cluster, as `resource.Get` is to find them; undefined: it is not there. */
export type Cluster = {
  readonly settings: Readonly<Record<string, string>> | undefined;
  readonly ca: string | undefined;
  /** `data.key` of the Secret piggy-admission: base64 text. */
  readonly admissionKey: string | undefined;
};

export type Outcome = { readonly pod: Pod } | { readonly error: string };

/** Mutates all Pods in one run; the outcomes are in their order. Pod names must differ. */
export async function mutatePods(
  cli: string,
  { policy, pods, cluster }: { policy: string; pods: readonly Pod[]; cluster: Cluster },
): Promise<Outcome[]> {
  return await inFolder(pods, async (folder) => {
    writeFileSync(join(folder, 'context.yaml'), JSON.stringify(context(cluster)));
    const args = [
      '--resource',
      join(folder, 'pods'),
      '--context-file',
      join(folder, 'context.yaml'),
    ];
    const { stdout, stderr } = await capture(
      cli,
      ['apply', policy, ...args, '-o', join(folder, 'mutated')],
      // Set to nothing: the list blocks loopback, where the provider of a test listens.
      { env: { ...process.env, FLAG_HTTP_BLOCKLIST: '' } },
    );
    const mutated = new Map(readMutated(join(folder, 'mutated')));
    return pods.map(({ metadata: { name } }) => outcome(name, mutated.get(name), stdout + stderr));
  });
}

/** Runs `work` with a folder that holds the Pods in `pods/`, and removes it. */
async function inFolder<T>(pods: readonly Pod[], work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kyverno-'));
  try {
    mkdirSync(join(folder, 'pods'));
    pods.forEach((pod, i) => {
      // JSON, since Kyverno reads YAML 1.1, where a plain yes is a boolean, and U+0085 a line break even between quotes.
      const text = JSON.stringify(pod).replaceAll('\u0085', '\\u0085');
      writeFileSync(join(folder, 'pods', `${i}.yaml`), text);
    });
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outcome(name: string, pod: Pod | undefined, output: string): Outcome {
  // The CLI writes the Pod and says "applied successfully" also where it failed; only this line tells.
  const failed = new RegExp(`/Pod/${name} *\\nerror: *(.+)`).exec(output);
  if (failed?.[1] !== undefined) return { error: failed[1].trim() };
  return pod === undefined ? { error: `no result for ${name}:\n${output}` } : { pod };
}

function* readMutated(folder: string): Generator<[string, Pod]> {
  for (const file of readdirSync(folder)) {
    const pod = parse(readFileSync(join(folder, file), 'utf8').replace(/\n---\s*$/, '')) as Pod;
    yield [pod.metadata.name, pod];
  }
}

/** Asks a ValidatingAdmissionPolicy about each Pod: the message of the refusal, or undefined. */
export async function validatePods(
  cli: string,
  { policy, pods }: { policy: string; pods: readonly Pod[] },
): Promise<(string | undefined)[]> {
  return await inFolder(pods, async (folder) => {
    const args = ['apply', policy, '--resource', join(folder, 'pods'), '--policy-report'];
    const { stdout, stderr } = await capture(cli, [...args, '--output-format', 'json']);
    const results = readReport(stdout, stderr);
    return pods.map(({ metadata: { name } }) => {
      const result = results.find((r) => r.resources.some((resource) => resource.name === name));
      const isRefused = result !== undefined && !['pass', 'skip'].includes(result.result);
      return isRefused ? result.message : undefined;
    });
  });
}

type ReportResult = {
  readonly result: string;
  readonly message: string;
  readonly resources: readonly { readonly name: string }[];
};

function readReport(stdout: string, stderr: string): readonly ReportResult[] {
  const start = stdout.indexOf('{');
  if (start < 0) throw new Error(`the Kyverno CLI gave no report:\n${stdout}${stderr}`);
  const report = parse(stdout.slice(start)) as { results?: readonly ReportResult[] };
  return report.results ?? [];
}

function context({ settings, ca, admissionKey }: Cluster): object {
  const object = (kind: string, name: string, data: object) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'piggy-system' },
    data,
  });
  return {
    apiVersion: 'cli.kyverno.io/v1alpha1',
    kind: 'Context',
    metadata: { name: 'context' },
    spec: {
      resources: [
        ...(settings === undefined ? [] : [object('ConfigMap', 'piggy', settings)]),
        ...(ca === undefined ? [] : [object('ConfigMap', 'piggy-ca', { 'ca.crt': ca })]),
        ...(admissionKey === undefined
          ? []
          : [object('Secret', 'piggy-admission', { key: admissionKey })]),
      ],
    },
  };
}
