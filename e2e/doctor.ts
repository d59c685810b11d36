// Asks the doctor of the installation, as docs/operations.md says.

import assert from 'node:assert/strict';
import { capture } from '../tools/run.ts';

type Finding = {
  readonly check: string;
  readonly status: 'ok' | 'fails' | 'not checked';
  readonly message: string;
};

export type Diagnosis = {
  readonly exitCode: number;
  readonly findings: readonly Finding[];
  /** All that was said. */
  readonly text: string;
};

/** `input` is a manifest, for `--pod -`. */
export async function askDoctor(args: readonly string[], input?: object): Promise<Diagnosis> {
  const place = ['exec', '--stdin', '--namespace=piggy-system', 'deploy/piggy', '--'];
  const doctor = ['node', '/piggy/provider.mjs', 'doctor', '--json', ...args];
  const manifest = input === undefined ? {} : { input: JSON.stringify(input) };
  const { code, stdout, stderr } = await capture('kubectl', [...place, ...doctor], manifest);
  assert.match(stdout, /^\{/, stderr);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return { exitCode: code, findings, text: stdout + stderr };
}

/** What each check found, by its name. */
export function messagesOf({ findings }: Diagnosis): Record<string, string> {
  return Object.fromEntries(
    findings.map(({ check, status, message }) => [check, `${status}: ${message}`]),
  );
}
